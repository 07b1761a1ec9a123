//! Believable exports of any size, with deviations planted in them and a key of what was planted.
//!
//! What the exports tell is data: stories, in the folder `stories` beside the policies ([`story`]). They are compiled
//! once ([`compile`]) to scripts ([`script`]), which are played in blocks of cases ([`block`]). Blocks are told in
//! parallel and written in order, so memory does not grow with the number of cases, and the same seed gives the same
//! bytes on any number of threads.

mod block;
mod compile;
mod random;
mod script;
mod story;

use crate::column::{Column, Table};
use crate::policy::{Catalogue, Problem};
use block::Block;
use rayon::prelude::*;
use script::Family;
use std::io::{self, Write};

/// What to generate.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How many requests.
    pub cases: u64,
    /// Another seed gives other exports.
    pub seed: u64,
    /// In how many cases of a hundred a deviation is planted.
    pub deviations: u64,
    /// After how many rows of a million comes one that cannot be used.
    pub rejects: u64,
}

/// The files written, in order.
pub const FILES: [&str; 4] = ["invoices.csv", "requests.csv", "decisions.csv", "key.csv"];

/// The header of the key.
pub const KEY: &str = "request_id,invoice_id,line,policy,story,rule,verdict,shows\n";

/// What was generated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Rows of each of the [`FILES`], without headers.
    pub rows: [u64; 4],
    /// How many of them cannot be used.
    pub rejects: u64,
}

/// The stories of all policies, ready to be told.
pub struct Teller(Vec<Family>);

impl Teller {
    /// Compiles the stories of a catalogue.
    ///
    /// # Errors
    /// What is wrong in the files of stories, one problem a file.
    pub fn of(catalogue: &Catalogue) -> Result<Teller, Vec<Problem>> {
        let (mut families, mut problems, mut weight) = (Vec::new(), Vec::new(), 0);
        for source in catalogue.stories() {
            match compile::family(source, catalogue) {
                Ok(family) => {
                    weight += family.weight;
                    families.push(Family { weight, ..family });
                }
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() { Ok(Teller(families)) } else { Err(problems) }
    }

    /// The policies that there are stories about.
    pub fn policies(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|family| family.policy.as_str())
    }

    /// Tells so many cases and writes them into the [`FILES`]; `tick` is told how many more cases are written.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write<W: Write + Send>(
        &self,
        options: &Options,
        mut files: [W; 4],
        tick: impl Fn(u64) + Sync,
    ) -> io::Result<([W; 4], Told)> {
        for (file, header) in files.iter_mut().zip(headers()) {
            file.write_all(header.as_bytes())?;
        }
        let (mut told, mut ready) = (Told::default(), Vec::new());
        let blocks = options.cases.div_ceil(block::CASES);
        let wave = rayon::current_num_threads() as u64;
        // One wave of blocks is written while the next is told.
        for first in (0..blocks + wave).step_by(wave as usize) {
            let numbers = first.min(blocks)..(first + wave).min(blocks);
            let tell = || numbers.into_par_iter().map(|n| block::block(&self.0, options, n)).collect::<Vec<Block>>();
            let (written, next) = rayon::join(|| put(&ready, &mut files, &mut told, &tick), tell);
            written?;
            ready = next;
        }
        Ok((files, told))
    }
}

fn put<W: Write>(blocks: &[Block], files: &mut [W; 4], told: &mut Told, tick: impl Fn(u64)) -> io::Result<()> {
    for block in blocks {
        for (file, text) in files.iter_mut().zip(&block.files) {
            file.write_all(text)?;
        }
        told.rows.iter_mut().zip(block.rows).for_each(|(sum, rows)| *sum += rows);
        told.rejects += block.rejects;
        tick(block.rows[1]);
    }
    Ok(())
}

fn headers() -> [String; 4] {
    let header = |table: Table| {
        let columns = Column::ALL.iter().filter(|column| column.table() == table);
        columns.map(|column| column.name()).collect::<Vec<&str>>().join(",") + "\n"
    };
    let [invoices, requests, decisions] = Table::ALL.map(header);
    [invoices, requests, decisions, KEY.to_owned()]
}
