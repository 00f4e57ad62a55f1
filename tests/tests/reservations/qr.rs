//! QR codes, read by a program that knows nothing of Leasehold: `zbarimg`, of Debian's `zbar-tools`.

use std::fs;
use std::path::Path;
use std::process::Command;

/// Pixels of a module in the images that are made here.
const SCALE: usize = 6;

/// What is in the image.
pub(crate) fn read(image: &Path) -> String {
    let output = Command::new("zbarimg")
        .args(["--quiet", "--nodbus", "--raw", "-Sdisable", "-Sqrcode.enable"])
        .arg(image)
        .output()
        .expect("zbarimg reads QR codes: install zbar-tools");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {errors}", image.display());
    String::from_utf8(output.stdout).expect("text").trim_end().to_owned()
}

/// What is in the half blocks that a terminal shows, dark where there is ink.
pub(crate) fn read_terminal(text: &str) -> String {
    let picture = |line: &&str| line.chars().all(|c| matches!(c, ' ' | '█' | '▀' | '▄'));
    let lines: Vec<&str> = text.lines().filter(picture).collect();
    let row = |line: &str, inks: [char; 2]| line.chars().map(|c| inks.contains(&c)).collect();
    let rows: Vec<Vec<bool>> =
        lines.iter().flat_map(|line| [row(line, ['█', '▀']), row(line, ['█', '▄'])]).collect();
    read_modules(&rows)
}

/// What is in an SVG whose path draws dark squares of one unit.
pub(crate) fn read_svg(svg: &str) -> String {
    let side: usize = svg
        .split("viewBox=\"0 0 ")
        .nth(1)
        .and_then(|s| s.split(' ').next())
        .unwrap()
        .parse()
        .unwrap();
    assert!(svg.contains(&format!("<rect width=\"{side}\" height=\"{side}\" fill=\"#fff\"/>")));
    let path = svg.split("d=\"").nth(1).unwrap().split('"').next().unwrap();
    let mut rows = vec![vec![false; side]; side];
    for square in path.split_terminator("h1v1h-1z") {
        let (x, y) = square.strip_prefix('M').unwrap().split_once(' ').unwrap();
        rows[y.parse::<usize>().unwrap()][x.parse::<usize>().unwrap()] = true;
    }
    read_modules(&rows)
}

fn read_modules(rows: &[Vec<bool>]) -> String {
    let width = rows[0].len();
    let mut image = format!("P5\n{} {}\n255\n", width * SCALE, rows.len() * SCALE).into_bytes();
    for row in rows.iter().flat_map(|row| [row; SCALE]) {
        image.extend(row.iter().flat_map(|dark| [if *dark { 0 } else { 255 }; SCALE]));
    }
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("code.pgm");
    fs::write(&file, image).expect("an image");
    read(&file)
}
