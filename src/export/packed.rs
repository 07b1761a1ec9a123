//! Compressed files: which form it is, by the first bytes, and the bytes unpacked while they are read. What is damaged or
//! cut short is an error, never a silent end.

use super::input::Refused;
use super::raw::{Ahead, Raw};
use flate2::bufread::MultiGzDecoder;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

/// How many bytes tell the form.
pub(super) const HEAD: u64 = 8;
/// How many bytes of text one byte of a compressed export stands for, if the file does not say.
const USUAL: u64 = 8;
/// The length of the longest header of a zstd frame.
const LONGEST_HEADER: u64 = 18;

/// How a file is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    /// It is not.
    Plain,
    /// One or more gzip members.
    Gzip,
    /// One or more zstd frames.
    Zstd,
}

/// What files begin with that hold a table, but not as text.
const OTHERS: [(&[u8], &str, &str); 6] = [
    (b"PK\x03\x04", "a ZIP archive or a workbook (`.xlsx`)", "unpack it, or save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a workbook of an old form (`.xls`)", "save the sheet as CSV"),
    (b"BZh9", "compressed by bzip2", "unpack it by `bunzip2`, or compress it by `gzip` or `zstd`"),
    (b"\xfd7zXZ\0", "compressed by xz", "unpack it by `unxz`, or compress it by `gzip` or `zstd`"),
    (b"PAR1\x15", "a Parquet file", "give its name the ending `.parquet`"),
    (b"%PDF-", "a PDF document", "export the table as CSV"),
];

impl Packing {
    /// Judges by a file's first bytes.
    ///
    /// # Errors
    /// When the bytes are those of another form, or are not of the form that the name's ending promises: [`Refused`].
    pub(super) fn of(head: &[u8], path: &Path) -> io::Result<Packing> {
        let is_frame = |magic: [u8; 4]| {
            // A frame of zstd, or one that its readers pass over.
            let magic = u32::from_le_bytes(magic);
            magic == 0xfd2f_b528 || magic & 0xffff_fff0 == 0x184d_2a50
        };
        if head.starts_with(b"\x1f\x8b") {
            return Ok(Packing::Gzip);
        }
        if head.first_chunk().is_some_and(|magic| is_frame(*magic)) {
            return Ok(Packing::Zstd);
        }
        if let Some((_, what, help)) = OTHERS.iter().find(|(magic, ..)| head.starts_with(magic)) {
            return Err(Refused::error(format!("the file is {what}"), help));
        }
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
        let promised = match ending.as_str() {
            "gz" => "gzip",
            "zst" => "zstd",
            _ => return Ok(Packing::Plain),
        };
        let what = format!("the name ends in `.{ending}`, but the file does not begin as one of {promised} does");
        Err(Refused::error(what, "compress it again, or take the ending off if it is text already"))
    }

    /// The name of the form, as users know it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Packing::Plain => "none",
            Packing::Gzip => "gzip",
            Packing::Zstd => "zstd",
        }
    }

    /// About how many bytes of text a file is.
    pub(super) fn text_size(self, mut file: File, size: u64) -> io::Result<u64> {
        let told = match self {
            Packing::Plain => return Ok(size),
            Packing::Gzip => told_by_trailer(&mut file, size)?,
            Packing::Zstd => told_by_frame(&mut file)?,
        };
        // Of several members or frames only one is told: what is less than the packed bytes is not the whole.
        Ok(told.filter(|told| *told >= size).unwrap_or(size.saturating_mul(USUAL)))
    }
}

/// A gzip file's last four bytes: the size of its last member's text, of which multiples of 4 GiB are left out.
fn told_by_trailer(file: &mut File, size: u64) -> io::Result<Option<u64>> {
    const WRAP: u64 = 1 << 32;
    let mut trailer = [0; 4];
    if size < trailer.len() as u64 {
        return Ok(None);
    }
    file.seek(SeekFrom::End(-4))?;
    file.read_exact(&mut trailer)?;
    let rest = u64::from(u32::from_le_bytes(trailer));
    let usual = size.saturating_mul(USUAL);
    Ok(Some(rest + usual.saturating_sub(rest).saturating_add(WRAP / 2) / WRAP * WRAP))
}

/// The size that the first frame's header tells.
fn told_by_frame(file: &mut File) -> io::Result<Option<u64>> {
    let mut header = Vec::new();
    file.rewind()?;
    file.take(LONGEST_HEADER).read_to_end(&mut header)?;
    Ok(zstd::zstd_safe::get_frame_content_size(&header).ok().flatten())
}

/// A file's bytes, unpacked.
pub(super) enum Unpacked {
    Plain(Ahead<Raw>),
    Gzip(Box<MultiGzDecoder<BufReader<Ahead<Raw>>>>),
    Zstd(zstd::Decoder<'static, BufReader<Ahead<Raw>>>),
}

impl Unpacked {
    /// Unpacks a file of this form.
    pub(super) fn new(packing: Packing, raw: Ahead<Raw>) -> io::Result<Unpacked> {
        Ok(match packing {
            Packing::Plain => Unpacked::Plain(raw),
            Packing::Gzip => Unpacked::Gzip(Box::new(MultiGzDecoder::new(BufReader::with_capacity(1 << 16, raw)))),
            Packing::Zstd => Unpacked::Zstd(zstd::Decoder::with_buffer(BufReader::with_capacity(1 << 16, raw))?),
        })
    }

    /// The file as it lies on disk.
    pub(super) fn raw(&mut self) -> &mut Raw {
        match self {
            Unpacked::Plain(raw) => raw.rest(),
            Unpacked::Gzip(decoder) => decoder.get_mut().get_mut().rest(),
            Unpacked::Zstd(decoder) => decoder.get_mut().get_mut().rest(),
        }
    }
}

impl Read for Unpacked {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Unpacked::Plain(raw) => raw.read(into),
            Unpacked::Gzip(decoder) => decoder.read(into).map_err(|error| damaged(Packing::Gzip, error)),
            Unpacked::Zstd(decoder) => decoder.read(into).map_err(|error| damaged(Packing::Zstd, error)),
        }
    }
}

/// What an unpacker complains of, unless it only passes on what the disk did.
fn damaged(packing: Packing, error: io::Error) -> io::Error {
    if error.raw_os_error().is_some() || error.kind() == io::ErrorKind::Interrupted {
        return error;
    }
    let name = packing.name();
    let what = match error.kind() {
        io::ErrorKind::UnexpectedEof => format!("the {name} file ends in the middle of its data: it was cut short"),
        _ => format!("the {name} file is damaged: {error}"),
    };
    Refused::error(what, "copy or export the file again, and check its size against the original's")
}
