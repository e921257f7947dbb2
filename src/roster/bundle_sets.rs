//! Codes and bundle sets, interned: each stands once, however many users hold it.

use hashbrown::HashMap;

/// A code's place in the order in which the file first names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CodeIndex(u16);

impl CodeIndex {
    /// The place as an index.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    pub fn from_index(index: usize) -> Self {
        Self(u16::try_from(index).expect("the catalog holds few codes"))
    }
}

/// A bundle set's place among those interned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SetIndex(u32);

impl SetIndex {
    /// The place as an index.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Every code and every bundle set that a file has named.
#[derive(Debug)]
pub struct BundleSets {
    codes: Vec<String>,
    sets: Vec<Box<[CodeIndex]>>,
    by_codes: HashMap<Box<[CodeIndex]>, SetIndex>,
    /// What each set becomes when a code joins it, by the code's place; the empty set where that is not known yet.
    joined: Vec<Vec<SetIndex>>,
}

impl BundleSets {
    /// The set that holds nothing.
    pub const EMPTY: SetIndex = SetIndex(0);

    pub fn new() -> Self {
        let empty: Box<[CodeIndex]> = Box::default();
        Self {
            codes: Vec::new(),
            sets: vec![empty.clone()],
            by_codes: HashMap::from([(empty, Self::EMPTY)]),
            joined: vec![Vec::new()],
        }
    }

    /// All sets, by their places.
    pub fn all(&self) -> impl ExactSizeIterator<Item = SetIndex> + use<> {
        (0..self.sets.len() as u32).map(SetIndex)
    }

    /// The codes of a set, in the order in which the file first named them.
    pub fn codes(&self, set: SetIndex) -> impl ExactSizeIterator<Item = &str> {
        self.sets[set.index()]
            .iter()
            .map(|code| self.codes[code.0 as usize].as_str())
    }

    /// The codes of a set, joined by `;` as every report writes them.
    pub fn joined_codes(&self, set: SetIndex) -> String {
        self.codes(set).collect::<Vec<_>>().join(";")
    }

    /// Every code, by its place.
    pub fn all_codes(&self) -> &[String] {
        &self.codes
    }

    /// The places of a set's codes, in order.
    pub fn members(&self, set: SetIndex) -> &[CodeIndex] {
        &self.sets[set.index()]
    }

    /// The codes of `set` that `other` lacks.
    pub fn difference(&self, set: SetIndex, other: SetIndex) -> impl Iterator<Item = CodeIndex> {
        let other = self.members(other);
        self.members(set)
            .iter()
            .copied()
            .filter(|code| other.binary_search(code).is_err())
    }

    /// The set of these codes.
    pub fn intern<'a>(&mut self, codes: impl Iterator<Item = &'a str>) -> SetIndex {
        codes.fold(Self::EMPTY, |set, code| {
            let code = code_place(&mut self.codes, code);
            self.join(set, code)
        })
    }

    /// The set of the codes of both.
    pub fn union(&mut self, set: SetIndex, other: SetIndex) -> SetIndex {
        let others = self.members(other).to_vec();
        others
            .into_iter()
            .fold(set, |set, code| self.join(set, code))
    }

    /// All sets, with these codes in their places.
    pub fn with_codes(self, codes: Vec<String>) -> Self {
        Self { codes, ..self }
    }

    /// The set that `set` becomes when `code` joins it.
    pub fn join(&mut self, set: SetIndex, code: CodeIndex) -> SetIndex {
        let known = self.joined[set.index()].get(code.index());
        if let Some(&joined) = known.filter(|joined| **joined != Self::EMPTY) {
            return joined;
        }
        let mut codes = self.members(set).to_vec();
        if let Err(place) = codes.binary_search(&code) {
            codes.insert(place, code);
        }
        let joined = self.intern_set(codes.into_boxed_slice());
        let by_code = &mut self.joined[set.index()];
        by_code.resize(by_code.len().max(code.index() + 1), Self::EMPTY);
        by_code[code.index()] = joined;
        joined
    }

    fn intern_set(&mut self, codes: Box<[CodeIndex]>) -> SetIndex {
        if let Some(&known) = self.by_codes.get(&codes) {
            return known;
        }
        let set = SetIndex(u32::try_from(self.sets.len()).expect("a set needs a row of its own"));
        self.sets.push(codes.clone());
        self.joined.push(Vec::new());
        self.by_codes.insert(codes, set);
        set
    }
}

/// The place of a code among codes, to which it is added if need be. There are few, so a scan finds it.
pub fn code_place(codes: &mut Vec<String>, code: &str) -> CodeIndex {
    let place = codes.iter().position(|known| known == code);
    CodeIndex::from_index(place.unwrap_or_else(|| {
        codes.push(code.to_owned());
        codes.len() - 1
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_one_however_its_codes_were_met() {
        let mut sets = BundleSets::new();
        let codes = &mut sets.codes;
        let (a, b) = (code_place(codes, "RPADEVNU"), code_place(codes, "ATTUNU"));
        let only_a = sets.join(BundleSets::EMPTY, a);
        let a_then_b = sets.join(only_a, b);
        let only_b = sets.join(BundleSets::EMPTY, b);
        assert_eq!(sets.join(only_b, a), a_then_b);
        assert_eq!(sets.join(a_then_b, a), a_then_b);
        assert_eq!(sets.joined_codes(a_then_b), "RPADEVNU;ATTUNU");
    }

    #[test]
    fn sets_are_joined_and_told_apart_code_by_code() {
        let mut sets = BundleSets::new();
        let wanted = sets.intern(["IDU", "PMD"].into_iter());
        let held = sets.intern(["TSTNU", "PMD"].into_iter());
        let both = sets.union(wanted, held);
        assert_eq!(sets.joined_codes(both), "IDU;PMD;TSTNU");
        assert_eq!(sets.union(held, wanted), both);
        let names = |codes: Vec<CodeIndex>| -> Vec<String> {
            let name = |code: &CodeIndex| sets.all_codes()[code.index()].clone();
            codes.iter().map(name).collect()
        };
        assert_eq!(names(sets.difference(wanted, held).collect()), ["IDU"]);
        assert_eq!(names(sets.difference(held, wanted).collect()), ["TSTNU"]);
        assert_eq!(sets.difference(held, both).count(), 0);
    }
}
