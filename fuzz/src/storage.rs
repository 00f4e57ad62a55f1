//! What a platform keeps without power: two slots of each record, and perhaps a counter that only
//! grows. Writes can fail, take long, or be cut by a loss of power.

use crate::step::LastWrite;
use leasehold_core::agent::{RecordKind, Stored};

/// Two slots of the identity, two of the ledger.
pub type Flash = [[Option<Vec<u8>>; 2]; 2];

/// What a boot finds.
pub fn stored(flash: &Flash, counter: Option<u32>) -> Stored<'_> {
    let [identity, ledger] =
        flash.each_ref().map(|slots| slots.each_ref().map(|slot| slot.as_deref()));
    Stored { identity, ledger, counter }
}

/// What works, and what does not.
#[derive(Clone, Copy)]
pub struct Works {
    pub identity: bool,
    pub ledger: bool,
    pub counter: bool,
    /// Whether a write ends only after something else has happened.
    pub late: bool,
}

/// What became of a write.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Written {
    Done,
    Failed,
    /// Power was lost.
    Cut,
}

/// A platform's storage.
pub struct Storage {
    flash: Flash,
    counter: Option<u32>,
    backup: Option<Flash>,
    works: Works,
    /// How many writes are left before power is lost, and what becomes of that one.
    cut: Option<(u8, LastWrite)>,
    /// The write that has not ended.
    late: Option<(RecordKind, usize, Vec<u8>)>,
}

impl Storage {
    /// As it comes out of the box.
    pub fn new(has_counter: bool) -> Self {
        Self {
            flash: Flash::default(),
            counter: has_counter.then_some(0),
            backup: None,
            works: Works { identity: true, ledger: true, counter: true, late: false },
            cut: None,
            late: None,
        }
    }

    /// What is stored.
    pub const fn flash(&self) -> &Flash {
        &self.flash
    }

    /// Where the counter stands.
    pub const fn counter(&self) -> Option<u32> {
        self.counter
    }

    /// What a boot finds now.
    pub fn stored(&self) -> Stored<'_> {
        stored(&self.flash, self.counter)
    }

    /// Sets what works from now on.
    pub const fn set_works(&mut self, works: Works) {
        self.works = works;
    }

    /// Power will be lost after so many more writes.
    pub const fn cut_after(&mut self, writes: u8, last: LastWrite) {
        self.cut = Some((writes, last));
    }

    /// Power is back: what was under way is lost.
    pub fn power_up(&mut self) {
        self.cut = None;
        self.late = None;
    }

    /// Begins to store `bytes`; `None` where that will end later.
    pub fn write(&mut self, record: RecordKind, slot: usize, bytes: &[u8]) -> Option<Written> {
        if self.works.late {
            assert!(self.late.is_none(), "one write at a time");
            self.late = Some((record, slot, bytes.into()));
            return None;
        }
        Some(self.finish(record, slot, bytes))
    }

    /// Whether no write is under way.
    pub const fn is_idle(&self) -> bool {
        self.late.is_none()
    }

    /// Ends the write that was begun.
    pub fn end_write(&mut self) -> Option<(RecordKind, Written)> {
        let (record, slot, bytes) = self.late.take()?;
        Some((record, self.finish(record, slot, &bytes)))
    }

    fn finish(&mut self, record: RecordKind, slot: usize, bytes: &[u8]) -> Written {
        let (kind, works) = match record {
            RecordKind::Identity => (0, self.works.identity),
            RecordKind::Ledger => (1, self.works.ledger),
        };
        if !works {
            return Written::Failed;
        }
        let kept = match self.last_write() {
            Some(LastWrite::Lost) => return Written::Cut,
            Some(LastWrite::Torn(length)) => &bytes[..usize::from(length) % bytes.len()],
            Some(LastWrite::Done) | None => bytes,
        };
        let stored = self.flash[kind][slot].get_or_insert_default();
        stored.clear();
        stored.extend_from_slice(kept);
        if self.spent() { Written::Cut } else { Written::Done }
    }

    /// Raises the counter, which only grows.
    pub fn raise(&mut self, to: u32) -> Written {
        if !self.works.counter {
            return Written::Failed;
        }
        let last = self.last_write();
        let counter = self.counter.as_mut().expect("only where the platform has one");
        assert!(to > *counter, "it only grows");
        if !matches!(last, Some(LastWrite::Lost | LastWrite::Torn(_))) {
            *counter = to;
        }
        if self.spent() { Written::Cut } else { Written::Done }
    }

    /// What becomes of the next write, where it is the last.
    fn last_write(&self) -> Option<LastWrite> {
        self.cut.filter(|&(left, _)| left == 0).map(|(_, last)| last)
    }

    /// One write less until power is lost; whether it is.
    fn spent(&mut self) -> bool {
        match &mut self.cut {
            Some((0, _)) => true,
            Some((left, _)) => {
                *left -= 1;
                false
            }
            None => false,
        }
    }

    /// Keeps what is stored now, for later.
    pub fn back_up(&mut self) {
        self.backup = Some(self.flash.clone());
    }

    /// Puts back what was kept; whether anything was.
    pub fn restore(&mut self, identity: bool, ledger: bool) -> bool {
        let Some([identity_slots, ledger_slots]) = self.backup.clone() else { return false };
        if identity {
            self.flash[0] = identity_slots;
        }
        if ledger {
            self.flash[1] = ledger_slots;
        }
        true
    }

    /// A slot decays: a byte of it, or all where there are no bits.
    pub fn decay(&mut self, slot: u8, place: u16, bits: u8) {
        let slot = usize::from(slot % 4);
        let stored = &mut self.flash[slot / 2][slot % 2];
        match (bits, &mut *stored) {
            (0, _) => *stored = None,
            (_, Some(bytes)) => {
                let place = usize::from(place) % bytes.len().max(1);
                bytes.get_mut(place).into_iter().for_each(|byte| *byte ^= bits);
            }
            (_, None) => *stored = Some(vec![bits; 64]),
        }
    }
}
