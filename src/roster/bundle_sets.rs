//! Codes and bundle sets, interned: each is stored once, however many users have it.

use hashbrown::HashMap;

use crate::catalog::Removal;

/// A code's place in the order in which the file first names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CodeIndex(u16);

impl CodeIndex {
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
    /// Each set with one code more, by the code's index; the empty set where that is not known yet.
    with_code_cache: Vec<Vec<SetIndex>>,
}

impl Default for BundleSets {
    fn default() -> Self {
        let empty: Box<[CodeIndex]> = Box::default();
        Self {
            codes: Vec::new(),
            sets: vec![empty.clone()],
            by_codes: HashMap::from([(empty, BundleSets::EMPTY)]),
            with_code_cache: vec![Vec::new()],
        }
    }
}

impl BundleSets {
    /// The set without a code.
    pub const EMPTY: SetIndex = SetIndex(0);

    /// All sets.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = SetIndex> + use<> {
        (0..self.sets.len() as u32).map(SetIndex)
    }

    /// The codes of a set, in the order in which the file first named them.
    pub fn codes(&self, set: SetIndex) -> impl ExactSizeIterator<Item = &str> {
        self.sets[set.index()]
            .iter()
            .map(|code| self.codes[code.0 as usize].as_str())
    }

    /// The codes of a set with `;` between them, as every report writes them.
    pub fn codes_text(&self, set: SetIndex) -> String {
        self.codes(set).collect::<Vec<_>>().join(";")
    }

    /// The removal that stands in place of the codes of a set, if one does.
    pub fn removal(&self, set: SetIndex) -> Option<Removal> {
        match self.code_indices(set) {
            [code] => {
                let name = self.codes[code.index()].as_str();
                [Removal::Remove, Removal::Nothing]
                    .into_iter()
                    .find(|removal| removal.name() == name)
            }
            _ => None,
        }
    }

    /// The codes that a user with a set should have: none where a removal stands in their place.
    pub fn wanted(&self, set: SetIndex) -> SetIndex {
        match self.removal(set) {
            Some(_) => Self::EMPTY,
            None => set,
        }
    }

    /// Every code, by its index.
    pub fn all_codes(&self) -> &[String] {
        &self.codes
    }

    /// The indices of a set's codes, ascending.
    pub fn code_indices(&self, set: SetIndex) -> &[CodeIndex] {
        &self.sets[set.index()]
    }

    /// The codes of `set` that `other` lacks.
    pub fn difference(&self, set: SetIndex, other: SetIndex) -> impl Iterator<Item = CodeIndex> {
        let other = self.code_indices(other);
        self.code_indices(set)
            .iter()
            .copied()
            .filter(|code| other.binary_search(code).is_err())
    }

    /// The set of these codes.
    pub fn intern<'a>(&mut self, codes: impl Iterator<Item = &'a str>) -> SetIndex {
        codes.fold(Self::EMPTY, |set, code| {
            let code = code_place(&mut self.codes, code);
            self.with_code(set, code)
        })
    }

    /// The set of the codes of both.
    pub fn union(&mut self, set: SetIndex, other: SetIndex) -> SetIndex {
        let others = self.code_indices(other).to_vec();
        others
            .into_iter()
            .fold(set, |set, code| self.with_code(set, code))
    }

    /// The same sets, with the names of their codes by index.
    pub fn with_code_names(self, codes: Vec<String>) -> Self {
        Self { codes, ..self }
    }

    /// `set` and `code` together.
    pub fn with_code(&mut self, set: SetIndex, code: CodeIndex) -> SetIndex {
        let known = self.with_code_cache[set.index()].get(code.index());
        if let Some(&joined) = known.filter(|joined| **joined != Self::EMPTY) {
            return joined;
        }
        let mut codes = self.code_indices(set).to_vec();
        if let Err(place) = codes.binary_search(&code) {
            codes.insert(place, code);
        }
        let joined = self.intern_set(codes.into_boxed_slice());
        let by_code = &mut self.with_code_cache[set.index()];
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
        self.with_code_cache.push(Vec::new());
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
        let mut sets = BundleSets::default();
        let codes = &mut sets.codes;
        let (a, b) = (code_place(codes, "RPADEVNU"), code_place(codes, "ATTUNU"));
        let only_a = sets.with_code(BundleSets::EMPTY, a);
        let a_then_b = sets.with_code(only_a, b);
        let only_b = sets.with_code(BundleSets::EMPTY, b);
        assert_eq!(sets.with_code(only_b, a), a_then_b);
        assert_eq!(sets.with_code(a_then_b, a), a_then_b);
        assert_eq!(sets.codes_text(a_then_b), "RPADEVNU;ATTUNU");
    }

    #[test]
    fn sets_are_combined_and_compared_code_by_code() {
        let mut sets = BundleSets::default();
        let wanted = sets.intern(["IDU", "PMD"].into_iter());
        let held = sets.intern(["TSTNU", "PMD"].into_iter());
        let both = sets.union(wanted, held);
        assert_eq!(sets.codes_text(both), "IDU;PMD;TSTNU");
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
