//! The return codes that the appliance made, in `return-codes.json`.
//!
//! The agent keeps the last one alone, so that firmware carries no list. Nobody tells the appliance
//! which of them were entered at the manager, so here the last [`KEPT`] are kept, the oldest dropped
//! first: a lost code is never a lost licence (SPEC S5).

use crate::disk::{Disk, DiskTrouble, Durability};
use crate::explain;
use crate::problem::Problem;
use crate::report::{ReturnedCode, UnixSeconds};
use crate::storage::unreadable;
use leasehold_core::code::{ReturnCode, Returned};

/// How many are kept.
pub(crate) const KEPT: usize = 32;

const FILE: &str = "return-codes.json";

/// The codes, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct ReturnCodes {
    codes: Vec<ReturnedCode>,
    /// The number of the request that a step gave back, until the code of that step is kept.
    giving_back: Option<u32>,
    /// Why the file is behind memory; `None` while it is not.
    unsaved: Option<DiskTrouble>,
}

impl ReturnCodes {
    /// Those in the file. One that is no list of codes is set aside.
    ///
    /// # Errors
    /// A [`Problem`] when the file cannot be read: to write over it would lose what it holds.
    pub(crate) fn load(disk: &dyn Disk) -> Result<Self, Problem> {
        let bytes = disk.read(FILE).map_err(|error| unreadable(FILE, &error))?;
        let Some(bytes) = bytes else { return Ok(Self::default()) };
        let codes = serde_json::from_slice(&bytes).or_else(|_| {
            let aside = format!("{FILE}.damaged");
            tracing::error!(
                "{FILE} is damaged and was kept as {aside}: return codes may be in it."
            );
            disk.rename(FILE, &aside).map(|()| Vec::new()).map_err(|error| unreadable(FILE, &error))
        })?;
        Ok(Self { codes, ..Self::default() })
    }

    /// Those kept, the oldest first.
    pub(crate) fn codes(&self) -> &[ReturnedCode] {
        &self.codes
    }

    /// That of an update of the request with this number.
    pub(crate) fn of_update(&self, request: u32, update: u8) -> Option<&ReturnedCode> {
        let found =
            |code: &&ReturnedCode| (code.request, code.update) == (Some(request), Some(update));
        self.codes.iter().rfind(found)
    }

    /// Refuses a step that makes a return code while the one before would be lost by it.
    ///
    /// # Errors
    /// A [`Problem`]; `held_back` is why codes do not hold at the moment, if they do not.
    pub(crate) fn refuse_loss(&self, held_back: Option<&Problem>) -> Result<(), Problem> {
        match (&self.unsaved, self.giving_back, held_back) {
            (None, None, _) => Ok(()),
            (Some(trouble), ..) => {
                Err(explain::return_code_at_risk(&format!("{}.", trouble.cause), trouble.remedy))
            }
            (None, Some(_), Some(trouble)) => {
                Err(explain::return_code_at_risk(&trouble.cause, &trouble.remedy))
            }
            (None, Some(_), None) => Err(explain::step_not_stored()),
        }
    }

    /// A step has given the request with this number back, or a part of it.
    pub(crate) const fn given_back(&mut self, request: Option<u32>) {
        self.giving_back = request;
    }

    /// Keeps the code, which holds since `at`, where it is new.
    pub(crate) fn keep(&mut self, disk: &dyn Disk, code: &ReturnCode, at: Option<UnixSeconds>) {
        let text = code.to_text();
        if self.codes.iter().any(|kept| kept.code == text.as_str()) {
            self.giving_back = None;
        } else {
            let update = match code.returned {
                Returned::Everything => None,
                Returned::Update(update) => Some(update),
            };
            let (code, request) = (text.as_str().into(), self.giving_back.take());
            self.codes.push(ReturnedCode { code, at, request, update });
            self.codes.drain(..self.codes.len().saturating_sub(KEPT));
            self.save(disk);
        }
    }

    /// Writes the file again where that failed.
    pub(crate) fn retry(&mut self, disk: &dyn Disk) {
        if self.unsaved.is_some() {
            self.save(disk);
        }
    }

    /// Forgets all of them, with everything else (SPEC X13).
    pub(crate) fn erase(&mut self, disk: &dyn Disk) {
        *self = Self::default();
        if let Err(error) = disk.remove(FILE) {
            let DiskTrouble { cause, remedy } = DiskTrouble::from(&error);
            tracing::error!("{FILE} cannot be removed: {cause}. {remedy}");
        }
    }

    fn save(&mut self, disk: &dyn Disk) {
        let saved = serde_json::to_vec(&self.codes)
            .map_err(std::io::Error::from)
            .and_then(|bytes| disk.replace(FILE, &bytes, Durability::Durable));
        let trouble = saved.err().map(|error| DiskTrouble::from(&error));
        if let (Some(DiskTrouble { cause, remedy }), None) = (&trouble, &self.unsaved) {
            tracing::error!("{FILE} cannot be written: {cause}. {remedy}");
        }
        self.unsaved = trouble;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::Directory;
    use leasehold_core::code::ReservationSecret;
    use leasehold_core::crypto::SoftwareCrypto;
    use leasehold_core::identity::Udi;

    fn code(number: u32) -> ReturnCode {
        let udi = Udi::new("LH-CC", "CC-0001", None).unwrap();
        ReservationSecret([7; 16]).return_code(&SoftwareCrypto, &udi, number, Returned::Update(3))
    }

    #[test]
    fn the_last_ones_are_kept_and_the_oldest_is_dropped_first() {
        let dir = tempfile::tempdir().unwrap();
        let disk = Directory::take(dir.path()).unwrap();
        let mut codes = ReturnCodes::load(&disk).unwrap();
        for number in 0..40 {
            codes.given_back(Some(number));
            codes.keep(&disk, &code(number), Some(u64::from(number)));
            codes.keep(&disk, &code(number), None);
            assert_eq!(codes.refuse_loss(None), Ok(()));
        }
        let loaded = ReturnCodes::load(&disk).unwrap();
        assert_eq!(loaded.codes(), codes.codes());
        let numbers: Vec<_> = loaded.codes().iter().map(|code| code.request).collect();
        assert_eq!(numbers, (8..40).map(Some).collect::<Vec<_>>());
        let last = loaded.of_update(39, 3).unwrap();
        assert_eq!((last.at, last.code.as_str()), (Some(39), code(39).to_text().as_str()));
        assert_eq!(loaded.of_update(39, 2), None);
    }

    #[test]
    fn no_code_is_made_while_the_one_before_is_not_kept() {
        let dir = tempfile::tempdir().unwrap();
        let disk = Directory::take(dir.path()).unwrap();
        let mut codes = ReturnCodes::load(&disk).unwrap();
        // A directory in its place: it cannot be replaced.
        std::fs::create_dir(dir.path().join(FILE)).unwrap();
        codes.keep(&disk, &code(1), None);
        let refused = codes.refuse_loss(None).unwrap_err();
        assert!(
            refused.code == "not-stored" && refused.cause.contains("would be lost"),
            "{refused}"
        );
        std::fs::remove_dir(dir.path().join(FILE)).unwrap();
        codes.retry(&disk);
        assert_eq!(codes.refuse_loss(None), Ok(()));
        codes.given_back(Some(2));
        let held = Problem::new("chip", "The chip is gone.", "Plug it in.");
        let refused = codes.refuse_loss(Some(&held)).unwrap_err();
        assert!(refused.cause.contains("The chip is gone."), "{refused}");
        assert!(codes.refuse_loss(None).is_err());
    }

    #[test]
    fn a_damaged_file_is_set_aside_and_one_that_cannot_be_read_stops_the_start() {
        let dir = tempfile::tempdir().unwrap();
        let disk = Directory::take(dir.path()).unwrap();
        std::fs::write(dir.path().join(FILE), "[{\"code\"").unwrap();
        assert_eq!(ReturnCodes::load(&disk).unwrap().codes(), []);
        assert!(dir.path().join("return-codes.json.damaged").exists());
        std::fs::create_dir(dir.path().join(FILE)).unwrap();
        assert_eq!(ReturnCodes::load(&disk).unwrap_err().code, "state-unreadable");
    }
}
