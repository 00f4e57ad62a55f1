//! Values that a verifier has checked. Holding one is the proof: nothing else can make it.

/// A `T` whose origin was verified. Only this crate's verifiers construct it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Verified<T>(T);

impl<T> Verified<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, and with it the end of the proof.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> core::ops::Deref for Verified<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}
