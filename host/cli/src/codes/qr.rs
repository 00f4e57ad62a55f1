//! QR codes: on a terminal, as SVG, as PNG.

use super::png;
use anyhow::anyhow;
use qrcode::{Color, EcLevel, QrCode};
use std::fmt::Write as _;

/// Light modules around the code, without which it is not found.
const QUIET: usize = 4;
/// Pixels of a module in an image.
const SCALE: usize = 8;
/// Black on bright white, whatever the terminal's own colours are; and back.
const PAPER: (&str, &str) = ("\u{1b}[30;107m", "\u{1b}[0m");

/// A QR code with its quiet zone.
pub(super) struct Picture {
    code: QrCode,
}

impl Picture {
    /// That of `text`, which a reader gives back to the letter.
    ///
    /// # Errors
    /// When it is too long for any; no code of a reservation is.
    pub(super) fn new(text: &str) -> anyhow::Result<Self> {
        let code = QrCode::with_error_correction_level(text, EcLevel::M).map_err(|error| {
            anyhow!("No QR code can be made of this: {error}. Carry it as text.")
        })?;
        Ok(Self { code })
    }

    /// Modules along each side, quiet zone included.
    fn width(&self) -> usize {
        self.code.width() + 2 * QUIET
    }

    fn is_dark(&self, x: usize, y: usize) -> bool {
        let inside = QUIET..QUIET + self.code.width();
        inside.contains(&x)
            && inside.contains(&y)
            && self.code[(x - QUIET, y - QUIET)] == Color::Dark
    }

    /// Lines of half blocks, two rows of modules each; with its own colours on a `terminal`.
    pub(super) fn text(&self, terminal: bool) -> String {
        let (paper, off) = if terminal { PAPER } else { ("", "") };
        let mut text = String::new();
        for y in (0..self.width()).step_by(2) {
            text += paper;
            text.extend((0..self.width()).map(|x| {
                match (self.is_dark(x, y), self.is_dark(x, y + 1)) {
                    (true, true) => '█',
                    (true, false) => '▀',
                    (false, true) => '▄',
                    (false, false) => ' ',
                }
            }));
            text += off;
            text.push('\n');
        }
        text
    }

    /// An image whose unit is a module.
    pub(super) fn svg(&self) -> String {
        let width = self.width();
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {width}\" \
             width=\"{pixels}\" height=\"{pixels}\" shape-rendering=\"crispEdges\">\n\
             <rect width=\"{width}\" height=\"{width}\" fill=\"#fff\"/>\n<path d=\"",
            pixels = width * SCALE
        );
        for y in 0..width {
            for x in (0..width).filter(|&x| self.is_dark(x, y)) {
                // Writing to a string does not fail.
                let _ = write!(svg, "M{x} {y}h1v1h-1z");
            }
        }
        svg + "\" fill=\"#000\"/>\n</svg>\n"
    }

    /// An image of black and white.
    pub(super) fn png(&self) -> Vec<u8> {
        let side = self.width() * SCALE;
        let module = |pixel: u32| usize::try_from(pixel).unwrap_or(usize::MAX) / SCALE;
        let is_white = |x, y| !self.is_dark(module(x), module(y));
        png::square(u32::try_from(side).unwrap_or_default(), is_white)
    }
}
