//! Text in Markdown: what stands in a template is markup, what is put in it is text.

use askama::filters::Escaper;
use std::fmt;

/// Escapes what Markdown, or the HTML in it, would take for markup. Templates that end in `.md` use it by themselves.
#[derive(Clone, Copy, Debug)]
pub struct Markdown;

impl Escaper for Markdown {
    fn write_escaped_str<W: fmt::Write>(&self, mut to: W, text: &str) -> fmt::Result {
        let text = crate::report::layout::plain(text);
        for (at, letter) in text.char_indices() {
            match letter {
                '<' => to.write_str("&lt;")?,
                '>' => to.write_str("&gt;")?,
                '&' => to.write_str("&amp;")?,
                // Some readers make links of addresses and of names.
                '@' => to.write_str("&#64;")?,
                ':' if text.get(at..).is_some_and(|rest| rest.starts_with("://")) => to.write_str("&#58;")?,
                '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '|' | '~' | '$' => {
                    to.write_char('\\')?;
                    to.write_char(letter)?;
                }
                _ => to.write_char(letter)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_markup() {
        for (text, written) in [
            ("plain, 12.50 USD", "plain, 12.50 USD"),
            ("<b>&", "&lt;b&gt;&amp;"),
            ("[a](http://b)", "\\[a\\](http&#58;//b)"),
            ("a|b", "a\\|b"),
            ("*a* _b_ `c`", "\\*a\\* \\_b\\_ \\`c\\`"),
            ("@all", "&#64;all"),
            ("a\nb", "a\\\\nb"),
        ] {
            let mut to = String::new();
            Markdown.write_escaped_str(&mut to, text).unwrap();
            assert_eq!(to, written);
        }
    }
}
