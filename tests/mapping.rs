//! Exports of other systems: the mappings that ship with the program, every form that a mapping file can declare, and
//! what is said of a mapping file that is wrong.

#[path = "mapping/forms.rs"]
mod forms;
#[path = "mapping/problems.rs"]
mod problems;
#[path = "mapping/read.rs"]
mod read;
#[path = "mapping/ready.rs"]
mod ready;
#[path = "mapping/rows.rs"]
mod rows;
#[path = "mapping/settled.rs"]
mod settled;
