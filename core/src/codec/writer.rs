//! Structures to bytes.

use super::Failed;
use postcard::Serializer as Postcard;
use postcard::ser_flavors::{Flavor, Slice};
use serde::Serialize;
use serde::ser::{
    Impossible, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

/// Writes `value` to the start of `buffer`; gives the length, or `None` when there is no room.
pub(crate) fn to_slice<T: Serialize>(value: &T, buffer: &mut [u8]) -> Option<usize> {
    let mut writer = Writer { postcard: Postcard { output: Slice::new(buffer) }, failed: false };
    value.serialize(&mut writer).ok()?;
    writer.length()
}

struct Writer<'b> {
    postcard: Postcard<Slice<'b>>,
    failed: bool,
}

impl Writer<'_> {
    /// The next primitive.
    #[inline(never)]
    fn put<T: Serialize>(&mut self, value: T) {
        self.failed |= value.serialize(&mut self.postcard).is_err();
    }

    #[inline(never)]
    fn length(self) -> Option<usize> {
        let written = self.postcard.output.finalize().ok()?;
        (!self.failed).then_some(written.len())
    }
}

/// As what type each primitive is written. A number has the same bytes at every width.
macro_rules! primitives {
    ($($method:ident $type:ty as $written:ty,)*) => {
        $(fn $method(self, value: $type) -> Result<(), Failed> {
            self.put(<$written>::from(value));
            Ok(())
        })*
    };
}

impl Serializer for &mut Writer<'_> {
    type Ok = ();
    type Error = Failed;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Impossible<(), Failed>;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    primitives! {
        serialize_bool bool as bool,
        serialize_i8 i8 as i8,
        serialize_i16 i16 as i32,
        serialize_i32 i32 as i32,
        serialize_i64 i64 as i64,
        serialize_u8 u8 as u8,
        serialize_u16 u16 as u32,
        serialize_u32 u32 as u32,
        serialize_u64 u64 as u64,
        serialize_f32 f32 as f32,
        serialize_f64 f64 as f64,
        serialize_char char as char,
        serialize_str &str as &str,
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Failed> {
        value.iter().for_each(|&byte| self.put(byte));
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Failed> {
        self.put(None::<()>);
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Failed> {
        self.put(Some(()));
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Failed> {
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Failed> {
        Ok(())
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        index: u32,
        _: &'static str,
    ) -> Result<(), Failed> {
        self.put(index);
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Failed> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        index: u32,
        _: &'static str,
        value: &T,
    ) -> Result<(), Failed> {
        self.put(index);
        value.serialize(self)
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Self, Failed> {
        let length = length.and_then(|length| u32::try_from(length).ok());
        self.put(length.ok_or(Failed)?);
        Ok(self)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self, Failed> {
        Ok(self)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, Failed> {
        Ok(self)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        index: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, Failed> {
        self.put(index);
        Ok(self)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Failed> {
        Err(Failed)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Failed> {
        Ok(self)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        index: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, Failed> {
        self.put(index);
        Ok(self)
    }

    fn collect_str<T: core::fmt::Display + ?Sized>(self, _: &T) -> Result<(), Failed> {
        Err(Failed)
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

macro_rules! parts {
    ($($kind:ident $method:ident $($key:ty)?,)*) => {
        $(impl $kind for &mut Writer<'_> {
            type Ok = ();
            type Error = Failed;

            fn $method<T: Serialize + ?Sized>(
                &mut self,
                $(_: $key,)?
                value: &T,
            ) -> Result<(), Failed> {
                value.serialize(&mut **self)
            }

            fn end(self) -> Result<(), Failed> {
                Ok(())
            }
        })*
    };
}

parts! {
    SerializeSeq serialize_element,
    SerializeTuple serialize_element,
    SerializeTupleStruct serialize_field,
    SerializeTupleVariant serialize_field,
    SerializeStruct serialize_field &'static str,
    SerializeStructVariant serialize_field &'static str,
}
