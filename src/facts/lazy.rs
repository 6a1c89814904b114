//! A group of facts that is concluded when it is first read, and at most once.

use std::borrow::Cow;
use std::cell::LazyCell;
use std::fmt;
use std::ops::Deref;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::Value;

use super::group::{FactValue, Paths, Writer};

/// A value that is concluded when it is first read.
pub struct Lazy<'a, T>(LazyCell<T, Box<dyn FnOnce() -> T + 'a>>);

impl<'a, T> Lazy<'a, T> {
    /// The value that `conclude` gives.
    pub(in crate::facts) fn new(conclude: impl FnOnce() -> T + 'a) -> Self {
        Self(LazyCell::new(Box::new(conclude)))
    }
}

impl<T> Deref for Lazy<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: fmt::Debug> fmt::Debug for Lazy<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T: FactValue> FactValue for Lazy<'_, T> {
    fn declare(paths: &mut Paths) {
        T::declare(paths);
    }

    fn write(&self, writer: &mut Writer<'_>) -> Option<Value> {
        self.0.write(writer)
    }
}

/// In the schema it is its value.
impl<T: JsonSchema> JsonSchema for Lazy<'_, T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}
