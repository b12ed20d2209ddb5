//! Which requests were seen before, in little memory.
//!
//! A request is remembered by a 128-bit hash: among a million requests, two different ones share a hash with odds of less
//! than one in 10^26, so that no credential is ever taken for another. The hash is SipHash-2-4 (Aumasson and Bernstein, 2012) in its
//! 128-bit form under a random key, so that nobody can make up ids that collide.
//!
//! Remembering every request of an endless input would take endless memory. With a limit, requests are kept in two
//! generations: when the young one is full, the old one is forgotten and takes its place. So at least the last `limit`
//! different requests are known, at most twice as many, and memory stays as it is.

use alloc::vec::Vec;

/// A table begins with so many places, and grows when half of them are taken, so that a search ends soon.
const SMALLEST: usize = 64;

/// The hash of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key(u64, u64);

impl Key {
    /// The key of a request of these ids. `secret` makes hashes of one run unlike those of another.
    pub fn new(secret: [u64; 2], ids: [&str; 3]) -> Self {
        let mut hash = SipHash::new(secret);
        for id in ids {
            // Length first: no two different requests make the same blocks.
            hash.block(id.len() as u64);
            for chunk in id.as_bytes().chunks(8) {
                hash.block(chunk.iter().rev().fold(0, |block, byte| (block << 8) | u64::from(*byte)));
            }
        }
        hash.finish(0)
    }
}

struct SipHash([u64; 4]);

impl SipHash {
    fn new([k0, k1]: [u64; 2]) -> Self {
        // "somepseudorandomlygeneratedbytes"; 0xee: 128 bits of output.
        Self([
            k0 ^ 0x736f_6d65_7073_6575,
            k1 ^ 0x646f_7261_6e64_6f6d ^ 0xee,
            k0 ^ 0x6c79_6765_6e65_7261,
            k1 ^ 0x7465_6462_7974_6573,
        ])
    }

    fn rounds(&mut self, count: u8) {
        let [mut v0, mut v1, mut v2, mut v3] = self.0;
        for _ in 0..count {
            v0 = v0.wrapping_add(v1);
            v1 = v1.rotate_left(13) ^ v0;
            v0 = v0.rotate_left(32);
            v2 = v2.wrapping_add(v3);
            v3 = v3.rotate_left(16) ^ v2;
            v0 = v0.wrapping_add(v3);
            v3 = v3.rotate_left(21) ^ v0;
            v2 = v2.wrapping_add(v1);
            v1 = v1.rotate_left(17) ^ v2;
            v2 = v2.rotate_left(32);
        }
        self.0 = [v0, v1, v2, v3];
    }

    fn block(&mut self, block: u64) {
        let [_, _, _, v3] = &mut self.0;
        *v3 ^= block;
        self.rounds(2);
        let [v0, ..] = &mut self.0;
        *v0 ^= block;
    }

    fn finish(mut self, last: u64) -> Key {
        self.block(last);
        let [_, _, v2, _] = &mut self.0;
        *v2 ^= 0xee;
        self.rounds(4);
        let first = self.0.into_iter().fold(0, |all, v| all ^ v);
        let [_, v1, ..] = &mut self.0;
        *v1 ^= 0xdd;
        self.rounds(4);
        Key(first, self.0.into_iter().fold(0, |all, v| all ^ v))
    }
}

/// A memory of requests, each with the index of its first occurrence and a note.
pub struct Seen<T> {
    young: Table<T>,
    old: Table<T>,
    limit: usize,
}

impl<T: Copy> Seen<T> {
    /// Remembers at least the last `limit` requests.
    pub fn new(limit: usize) -> Self {
        Self { young: Table::default(), old: Table::default(), limit: limit.max(1) }
    }

    /// The index and the note of this request's first occurrence.
    pub fn get(&self, key: Key) -> Option<(usize, T)> {
        self.young.get(key).or_else(|| self.old.get(key))
    }

    /// Remembers a request that `get` does not know.
    pub fn insert(&mut self, key: Key, index: usize, note: T) {
        if self.young.taken >= self.limit {
            core::mem::swap(&mut self.young, &mut self.old);
            self.young.clear();
        }
        self.young.insert(Slot { key, index, note });
    }

    /// Changes the note of a request, if it is still known as the occurrence at `index`.
    pub fn update(&mut self, key: Key, index: usize, note: T) {
        for table in [&mut self.young, &mut self.old] {
            if let Some(slot) = table.slot(key).filter(|slot| slot.index == index) {
                slot.note = note;
            }
        }
    }
}

#[derive(Clone, Copy)]
struct Slot<T> {
    key: Key,
    index: usize,
    note: T,
}

/// A hash table with open addressing and linear probing (Knuth, The Art of Computer Programming, vol. 3, 6.4); its size is
/// a power of two.
struct Table<T> {
    slots: Vec<Option<Slot<T>>>,
    taken: usize,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { slots: Vec::new(), taken: 0 }
    }
}

impl<T: Copy> Table<T> {
    /// The place of a key: where it is, or else where it would go. Half of the table is free, so there is one.
    fn place(&self, key: Key) -> usize {
        let mask = self.slots.len().wrapping_sub(1);
        let mut place = key.0 as usize & mask;
        while self.slots.get(place).and_then(Option::as_ref).is_some_and(|slot| slot.key != key) {
            place = place.wrapping_add(1) & mask;
        }
        place
    }

    fn get(&self, key: Key) -> Option<(usize, T)> {
        let slot = self.slots.get(self.place(key))?.as_ref()?;
        Some((slot.index, slot.note))
    }

    fn slot(&mut self, key: Key) -> Option<&mut Slot<T>> {
        let place = self.place(key);
        self.slots.get_mut(place)?.as_mut()
    }

    fn insert(&mut self, slot: Slot<T>) {
        if self.taken >= self.slots.len() / 2 {
            let mut larger = Vec::new();
            larger.resize(self.slots.len().saturating_mul(2).max(SMALLEST), None);
            let slots = core::mem::replace(&mut self.slots, larger);
            self.taken = 0;
            slots.into_iter().flatten().for_each(|slot| self.put(slot));
        }
        self.put(slot);
    }

    fn put(&mut self, slot: Slot<T>) {
        let place = self.place(slot.key);
        if let Some(free) = self.slots.get_mut(place) {
            *free = Some(slot);
            self.taken = self.taken.saturating_add(1);
        }
    }

    fn clear(&mut self) {
        self.slots.fill(None);
        self.taken = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;
    use std::prelude::v1::*;

    /// SipHash-2-4-128 of 00 01 02 … under the key 00 01 … 0f, as in the reference implementation's test vectors.
    #[test]
    fn hashes_as_the_reference_does() {
        let hash_of = |length: u8| {
            let message: Vec<u8> = (0..length).collect();
            let mut hash = SipHash::new([0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908]);
            let word = |bytes: &[u8]| bytes.iter().rev().fold(0, |word, byte| (word << 8) | u64::from(*byte));
            let whole = message.chunks_exact(8);
            let last = word(whole.remainder()) | (u64::from(length) << 56);
            whole.for_each(|bytes| hash.block(word(bytes)));
            hash.finish(last)
        };
        assert_eq!(hash_of(0), Key(0xe6a8_25ba_047f_81a3, 0x9302_55c7_1472_f66d));
        assert_eq!(hash_of(1), Key(0x44af_996b_d8c1_87da, 0x45fc_229b_1159_7634));
    }

    #[test]
    fn different_requests_have_different_keys() {
        let key = |ids| Key::new([1, 2], ids);
        let requests = [
            ["a", "b", "c"],
            ["ab", "", "c"],
            ["a", "bc", ""],
            ["", "", ""],
            ["a\0", "b", "c"],
            ["a", "b", "cd"],
            ["b", "a", "c"],
        ];
        for (at, one) in requests.iter().enumerate() {
            for other in &requests[..at] {
                assert_ne!(key(*one), key(*other), "{one:?} {other:?}");
            }
            assert_eq!(key(*one), key(*one));
            assert_ne!(key(*one), Key::new([1, 3], *one));
        }
    }

    fn keys(count: usize) -> Vec<Key> {
        (0..count).map(|n| Key::new([0, 0], ["app", "connector", &n.to_string()])).collect()
    }

    #[test]
    fn with_a_limit_memory_stays_as_it_is_and_the_last_are_known() {
        let mut seen = Seen::new(1000);
        let keys = keys(20_000);
        let mut sizes = Vec::new();
        for (index, key) in keys.iter().enumerate() {
            assert!(seen.get(*key).is_none());
            seen.insert(*key, index, ());
            if index % 1000 == 999 {
                let last = &keys[index - 999..=index];
                assert!(last.iter().enumerate().all(|(n, key)| seen.get(*key) == Some((index - 999 + n, ()))));
                sizes.push(seen.young.slots.capacity() + seen.old.slots.capacity());
            }
        }
        assert_eq!(sizes[2], sizes[19]);
        assert!(sizes[19] <= 2 * 2048);
        assert!(seen.get(keys[17_000]).is_none());
    }

    proptest! {
        #[test]
        fn without_a_limit_it_is_a_map(steps in proptest::collection::vec((0_usize..400, any::<u8>()), 0..600)) {
            let (mut seen, mut map, keys) = (Seen::new(usize::MAX), HashMap::new(), keys(400));
            for (index, (n, note)) in steps.into_iter().enumerate() {
                let found = seen.get(keys[n]);
                prop_assert_eq!(found, map.get(&n).copied());
                match found {
                    None => {
                        seen.insert(keys[n], index, note);
                        map.insert(n, (index, note));
                    }
                    Some((first, _)) => {
                        seen.update(keys[n], first, note);
                        seen.update(keys[n], first + 1, !note);
                        map.insert(n, (first, note));
                    }
                }
            }
        }
    }
}
