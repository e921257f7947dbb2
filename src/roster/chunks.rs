//! A list that grows without moving what is in it.

/// Items in one chunk.
const CHUNK: usize = 4096;

/// A list that grows by a chunk at a time.
#[derive(Debug)]
pub struct Chunks<T>(Vec<Vec<T>>);

impl<T> Default for Chunks<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Chunks<T> {
    pub fn len(&self) -> usize {
        let last = self.0.last().map_or(0, Vec::len);
        self.0.len().saturating_sub(1) * CHUNK + last
    }

    pub fn push(&mut self, item: T) {
        match self.0.last_mut() {
            Some(chunk) if chunk.len() < CHUNK => chunk.push(item),
            _ => {
                let mut chunk = Vec::with_capacity(CHUNK);
                chunk.push(item);
                self.0.push(chunk);
            }
        }
    }

    pub fn get(&self, place: usize) -> &T {
        &self.0[place / CHUNK][place % CHUNK]
    }

    pub fn get_mut(&mut self, place: usize) -> &mut T {
        &mut self.0[place / CHUNK][place % CHUNK]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_stands_in_its_place_and_does_not_move() {
        let mut list = Chunks::default();
        list.push(0);
        let first: *const usize = list.get(0);
        for item in 1..3 * CHUNK {
            assert_eq!(list.len(), item);
            list.push(item);
        }
        *list.get_mut(CHUNK) += 7;
        assert_eq!(
            (*list.get(CHUNK - 1), *list.get(CHUNK)),
            (CHUNK - 1, CHUNK + 7)
        );
        assert_eq!(first, list.get(0));
    }
}
