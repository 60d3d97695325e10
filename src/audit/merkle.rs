//! RFC 6962 hashing and the compact range.

use sha2::{Digest as _, Sha256};

use super::{Head, Seal};

type Hash = [u8; 32];

/// Hash of one entry: SHA-256 of `0x00` and its bytes.
pub fn leaf(bytes: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(bytes).finalize().into()
}

/// Hash of two subtrees: SHA-256 of `0x01`, left and right.
pub fn node(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

impl Head {
    /// Adds one entry; says where it stands.
    pub fn append(&mut self, bytes: &[u8]) -> Seal {
        let mut hash = leaf(bytes);
        // Each trailing one-bit of the size is a full subtree that the new leaf completes.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.range.pop() {
                hash = node(&left, &hash);
            }
        }
        self.range.push(hash);
        self.size += 1;
        Seal { seq: self.size - 1, root: self.root() }
    }

    /// The root of the tree; of an empty one the hash of nothing.
    pub fn root(&self) -> Hash {
        let mut subtrees = self.range.iter().rev();
        let Some(smallest) = subtrees.next() else { return Sha256::digest([]).into() };
        subtrees.fold(*smallest, |right, left| node(left, &right))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition of RFC 6962, section 2.1.
    fn naive(entries: &[Vec<u8>]) -> Hash {
        match entries {
            [] => Sha256::digest([]).into(),
            [one] => leaf(one),
            many => {
                let split = many.len().next_power_of_two() / 2;
                node(&naive(&many[..split]), &naive(&many[split..]))
            }
        }
    }

    #[test]
    fn the_compact_range_gives_the_root_of_the_definition() {
        let mut head = Head::default();
        let mut entries = Vec::new();
        for n in 0_u32..600 {
            assert_eq!(head.root(), naive(&entries), "{n}");
            entries.push(n.to_be_bytes().to_vec());
            let seal = head.append(&entries[entries.len() - 1]);
            assert_eq!((seal.seq, seal.root), (u64::from(n), naive(&entries)));
            assert_eq!(head.range.len(), head.size.count_ones() as usize);
        }
    }

    /// The test tree of Certificate Transparency's reference implementation.
    #[test]
    fn published_roots_hold() {
        let leaves: [&[u8]; 8] = [
            b"",
            b"\x00",
            b"\x10",
            b"\x20\x21",
            b"\x30\x31",
            b"\x40\x41\x42\x43",
            b"\x50\x51\x52\x53\x54\x55\x56\x57",
            b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
        ];
        let mut head = Head::default();
        let roots: Vec<String> =
            leaves.iter().map(|bytes| data_encoding::HEXLOWER.encode(&head.append(bytes).root)).collect();
        assert_eq!(roots[0], "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
        assert_eq!(roots[7], "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
    }
}
