//! How much memory an audit may take, and in how many parts the exports are therefore audited.

use super::failure::Failure;
use crate::record::Sources;
use std::fs;
use std::path::Path;

const MIB: u64 = 1 << 20;
/// What the program takes whatever it reads: in all, for each thread, and what is needed beside that to get on.
const BASE: u64 = 32 * MIB;
const THREAD: u64 = 14 * MIB;
const ROOM: u64 = 68 * MIB;
/// The memory that an audit takes in one piece, in percent of the exports: as a rule, and if every case deviates.
const USUAL: u64 = 150;
const WORST: u64 = 225;
/// The same for a part, of which also the rows as they stand are in memory: in all, and for each thread, which keeps
/// memory that it has freed for what it needs next.
const PART: u64 = 140;
const PART_THREAD: u64 = 55;
/// The most that dividing and merging are given: more makes them no faster.
const DIVIDING: u64 = 256 * MIB;

/// How the exports are audited that do not fit in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parts {
    /// In how many parts.
    pub(super) count: usize,
    /// How many bytes dividing and merging may take.
    pub(super) memory: usize,
}

/// Refuses exports that are larger than the memory that is free, for a command that does not divide them.
pub(super) fn must_fit(sources: &Sources, help: &str) -> Result<(), Failure> {
    match parts(super::exports::text_bytes(sources), None)? {
        None => Ok(()),
        Some(_) => {
            let what = "the exports are larger than the memory that is free".to_owned();
            Err(Failure::new(what, Some(help.to_owned())))
        }
    }
}

/// How exports of so many bytes are to be divided; `None` if they fit in memory: in what was allowed, or else in what
/// the machine has free, if that can be told.
pub(super) fn parts(bytes: u64, allowed: Option<u64>) -> Result<Option<Parts>, Failure> {
    let threads = rayon::current_num_threads() as u64;
    let least = BASE + THREAD * threads + ROOM;
    match allowed {
        Some(allowed) if allowed < least => {
            let what = format!("an audit with {threads} threads cannot do with {allowed} bytes of memory");
            let help = format!("allow at least `--memory {}MiB`, or fewer `--threads`", least / MIB);
            Err(Failure::new(what, Some(help)))
        }
        Some(allowed) => Ok(divided(bytes, allowed, WORST, threads)),
        None => Ok(free().and_then(|free| divided(bytes, free.max(least), USUAL, threads))),
    }
}

/// How so many bytes are divided if, with what they take in one piece, they are too much.
fn divided(bytes: u64, bound: u64, whole: u64, threads: u64) -> Option<Parts> {
    let need = |percent: u64| u128::from(bytes) * u128::from(percent) / 100;
    let room = u128::from(bound - BASE - THREAD * threads);
    if need(whole) <= room {
        return None;
    }
    let count = usize::try_from(need(PART + PART_THREAD * threads).div_ceil(room)).unwrap_or(usize::MAX).max(2);
    Some(Parts { count, memory: usize::try_from((bound / 2).min(DIVIDING)).unwrap_or(usize::MAX) })
}

/// The memory that is free: of the machine, or of the group of processes that this one belongs to.
fn free() -> Option<u64> {
    let machine = field(Path::new("/proc/meminfo"), "MemAvailable:").map(|kib| kib.saturating_mul(1024));
    machine.into_iter().chain(free_of_groups()).min()
}

/// What is left of the limit of each group that has one.
fn free_of_groups() -> Vec<u64> {
    let Ok(groups) = fs::read_to_string("/proc/self/cgroup") else { return Vec::new() };
    let left = |line: &str| {
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, path) = parts.next().zip(parts.next())?;
        let (root, limit, used) = match controllers {
            "" => ("/sys/fs/cgroup", "memory.max", "anon"),
            "memory" => ("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "total_rss"),
            _ => return None,
        };
        // A limit holds for all groups below it; within a container, the path may begin above what is visible.
        let group = Path::new(root).join(path.trim_start_matches('/'));
        let groups = group.ancestors().take_while(|group| group.starts_with(root));
        let left = groups.filter_map(|group| {
            let limit: u64 = fs::read_to_string(group.join(limit)).ok()?.trim().parse().ok()?;
            Some(limit.saturating_sub(field(&group.join("memory.stat"), used).unwrap_or(0)))
        });
        left.min()
    };
    groups.lines().filter_map(left).collect()
}

/// The number after a name in a file of names and numbers.
fn field(file: &Path, name: &str) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    let mut lines = text.lines().map(str::split_whitespace);
    lines.find_map(|mut words| words.next().filter(|word| *word == name).and_then(|_| words.next()?.parse().ok()))
}

/// A size such as `4GiB` or `800MB`, in bytes.
pub(super) fn size(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let factor: Option<u64> = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => Some(1),
        "kb" => Some(1_000),
        "mb" => Some(1_000_000),
        "gb" => Some(1_000_000_000),
        "tb" => Some(1_000_000_000_000),
        "k" | "kib" => Some(1 << 10),
        "m" | "mib" => Some(1 << 20),
        "g" | "gib" => Some(1 << 30),
        "t" | "tib" => Some(1 << 40),
        _ => None,
    };
    let bytes = factor.and_then(|factor| number.parse::<u64>().ok()?.checked_mul(factor));
    bytes.ok_or_else(|| "expected a size such as `4GiB` or `800MB`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read() {
        for (text, bytes) in [
            ("4GiB", Some(4 << 30)),
            ("800MB", Some(800_000_000)),
            ("800 mb", Some(800_000_000)),
            ("4g", Some(4 << 30)),
            ("0", Some(0)),
            ("17", Some(17)),
            ("1TiB", Some(1 << 40)),
            ("1.5GiB", None),
            ("GiB", None),
            ("-1GiB", None),
            ("4 gallons", None),
            ("", None),
            ("99999999999999TiB", None),
        ] {
            assert_eq!(size(text).ok(), bytes, "{text}");
        }
    }

    #[test]
    fn what_fits_is_not_divided() {
        let gib = 1 << 30;
        for (bytes, bound, threads, parts) in [
            (0, 128 * MIB, 2, None),
            (gib, 2 * gib, 2, None),
            (gib + gib / 2, 2 * gib, 2, Some(2)),
            (2 * gib, 2 * gib, 2, Some(3)),
            (100 * gib, 4 * gib, 2, Some(64)),
            (100 * gib, 4 * gib, 8, Some(151)),
            (200 * MIB, 128 * MIB, 2, Some(8)),
        ] {
            let count = divided(bytes, bound, USUAL, threads).map(|parts| parts.count);
            assert_eq!(count, parts, "{bytes} in {bound} with {threads} threads");
        }
    }

    #[test]
    fn too_little_is_refused() {
        let least = BASE + THREAD * rayon::current_num_threads() as u64 + ROOM;
        assert!(parts(0, Some(least - 1)).is_err());
        assert!(parts(0, Some(least)).is_ok_and(|parts| parts.is_none()));
        assert!(parts(least, Some(least)).is_ok_and(|parts| parts.is_some()));
    }
}
