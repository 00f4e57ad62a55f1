//! Blocks: a heading, and lines indented under it.

/// Text of one block. Lines are indented by two blanks, details of a line by four.
#[derive(Clone, Debug)]
pub(super) struct Block(String);

impl Block {
    /// An empty block under `heading`, which stands without indentation.
    pub(super) fn new(heading: &str) -> Self {
        Self(format!("{heading}:\n"))
    }

    /// Adds `name: value`.
    pub(super) fn field(self, name: &str, value: impl AsRef<str>) -> Self {
        self.line(&format!("{name}: {}", value.as_ref()))
    }

    /// Adds `name: value` if there is a value.
    pub(super) fn optional(self, name: &str, value: Option<String>) -> Self {
        match value {
            Some(value) => self.field(name, value),
            None => self,
        }
    }

    /// Adds `name: value` as a detail of the line before.
    pub(super) fn nested(self, name: &str, value: impl AsRef<str>) -> Self {
        self.nested_line(&format!("{name}: {}", value.as_ref()))
    }

    /// Adds a line.
    pub(super) fn line(mut self, line: &str) -> Self {
        self.push("  ", line);
        self
    }

    /// Adds a line as a detail of the line before.
    pub(super) fn nested_line(mut self, line: &str) -> Self {
        self.push("    ", line);
        self
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    fn push(&mut self, indentation: &str, line: &str) {
        self.0.push_str(indentation);
        self.0.push_str(line.trim_end());
        self.0.push('\n');
    }
}

/// `body` under a heading that is underlined.
pub(super) fn framed(heading: &str, body: &str) -> String {
    format!("{heading}\n{}\n{body}", "=".repeat(heading.len()))
}
