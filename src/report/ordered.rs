//! Rows formatted in parallel and written in their order.

use super::folder::FolderError;
use rayon::prelude::*;
use std::io;

/// How many rows are formatted by one thread at a time.
const CHUNK: usize = 256;
/// How many chunks are held in memory while as many before them are written.
const CHUNKS: usize = 8;

/// Formats items chunk by chunk, each into a buffer of its own that still holds what it held before, and puts the
/// buffers in order. The next chunks are formatted while those before them are put.
///
/// # Errors
/// When a chunk cannot be formatted or put.
pub fn write<T: Sync, B: Default + Send + Sync>(
    items: &[T],
    format: impl Fn(&[T], &mut B) -> io::Result<()> + Sync,
    mut put: impl FnMut(&[B]) -> Result<(), FolderError> + Send,
) -> Result<(), FolderError> {
    let buffers = items.len().div_ceil(CHUNK).min(CHUNKS);
    let [mut ready, mut next] = [(); 2].map(|()| (0..buffers).map(|_| B::default()).collect::<Vec<B>>());
    let mut filled = 0;
    for items in items.chunks(CHUNK * CHUNKS) {
        let chunks = || items.par_chunks(CHUNK).zip(next.par_iter_mut()).try_for_each(|(items, to)| format(items, to));
        let (written, formatted) = rayon::join(|| put(ready.get(..filled).unwrap_or_default()), chunks);
        written?;
        formatted.map_err(FolderError::unformatted)?;
        filled = items.len().div_ceil(CHUNK);
        std::mem::swap(&mut ready, &mut next);
    }
    put(ready.get(..filled).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_written_once_and_in_order() {
        for count in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, CHUNK * CHUNKS, CHUNK * CHUNKS + 1, 3 * CHUNK * CHUNKS - 1] {
            let (items, mut written) = ((0..count).collect::<Vec<usize>>(), Vec::new());
            let format = |items: &[usize], to: &mut Vec<usize>| {
                items.clone_into(to);
                Ok(())
            };
            write(&items, format, |chunks| {
                chunks.iter().for_each(|chunk| written.extend_from_slice(chunk));
                Ok(())
            })
            .unwrap();
            assert!(written == items, "{count}");
        }
    }

    #[test]
    fn a_chunk_that_fails_ends_the_writing() {
        let refused = |_: &[u8], _: &mut Vec<u8>| Err(io::Error::other("refused"));
        assert!(write(&[0; 3], refused, |_| Ok(())).unwrap_err().what.contains("refused"));
    }
}
