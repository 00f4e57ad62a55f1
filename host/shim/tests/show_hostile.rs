//! Texts from outside cannot break `show license …`, whatever they are.

#[path = "show/samples.rs"]
mod samples;

use leasehold_shim::report::Report;
use leasehold_shim::show;
use proptest::prelude::*;

/// Texts made of what means something to parsers, and of anything.
fn text() -> impl Strategy<Value = String> {
    let meaningful = prop::sample::select(vec![
        "(",
        ")",
        ":",
        "):",
        "\n",
        "\r",
        "\u{b}",
        "\u{85}",
        "\u{2028}",
        "Status: DISABLED",
        " ",
        "-----",
        "Registration:",
        "UDI: PID:X,SN:Y",
        "License Usage",
        "\t",
        "é",
    ]);
    let part = prop_oneof![meaningful.prop_map(str::to_owned), any::<String>()];
    prop::collection::vec(part, 0..6).prop_map(|parts| parts.concat())
}

/// A sample with `texts` in every place that a manager, a product or a system fills.
fn spoilt(mut report: Report, texts: &[String; 8]) -> Report {
    let [a, b, cause, remedy, name, tag, description, host] = texts.clone();
    if let Some(enrolment) = &mut report.registration.enrolment {
        (enrolment.smart_account, enrolment.virtual_account) = (a, b);
    }
    let attempt = report.registration.attempt.as_mut().and_then(|attempt| attempt.failure.as_mut());
    for failure in attempt.into_iter().chain(report.authorization.contact_failure.as_mut()) {
        (failure.cause, failure.remedy) = (cause.clone(), remedy.clone());
    }
    for entitlement in &mut report.entitlements {
        (entitlement.name, entitlement.description) = (name.clone(), description.clone());
        entitlement.tag = format!("{tag}{}", entitlement.tag);
    }
    report.device.host_name = host;
    report
}

/// As Python splits lines, which the parsers do.
fn lines(text: &str) -> Vec<&str> {
    let ends = [
        '\n', '\r', '\u{b}', '\u{c}', '\u{1c}', '\u{1d}', '\u{1e}', '\u{85}', '\u{2028}',
        '\u{2029}',
    ];
    text.trim_end_matches('\n').split(ends).collect()
}

/// Indentation, and the name before a colon where there is one: what parsers tell lines apart by.
fn shape(text: &str) -> Vec<(usize, String)> {
    lines(text)
        .iter()
        .map(|line| {
            let indentation = line.len() - line.trim_start_matches(' ').len();
            let name = line.trim_start().split(": ").next().unwrap_or_default();
            let named = line.contains(": ") || line.ends_with(':') || line.starts_with("UDI");
            (indentation, if named { name.to_owned() } else { String::new() })
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn hostile_texts_change_no_line_but_their_own(
        texts in prop::array::uniform8(text()), sample in 0..100_usize,
    ) {
        let all = samples::all();
        let (name, report) = &all[sample % all.len()];
        let report = spoilt(report.clone(), &texts);
        for rendered in [show::summary(&report), show::usage(&report), show::all(&report)] {
            for line in lines(&rendered).iter().filter(|line| !line.ends_with("):")) {
                let open = line.find('(').map(|open| line[open..].contains(':'));
                prop_assert!(open != Some(true), "{name}: {line:?}");
            }
            prop_assert!(!rendered.contains("\n\n\n"), "{name}: {rendered}");
        }
        let spoilt_shape = shape(&show::all(&report));
        let harmless = std::array::from_fn(|_| "word".to_owned());
        let clean_shape = shape(&show::all(&spoilt(report.clone(), &harmless)));
        prop_assert_eq!(spoilt_shape.len(), clean_shape.len(), "{}", name);
        for (spoilt, clean) in spoilt_shape.iter().zip(&clean_shape) {
            // Headings of licences hold the texts themselves.
            if clean.0 > 0 {
                prop_assert_eq!(spoilt, clean, "{}", name);
            }
        }
        let status = show::status(&report);
        let (states, _) = status.split_once("\nOutlook:\n").unwrap();
        let policy = lines(states).iter().filter(|line| line.trim() == "Status: DISABLED").count();
        prop_assert_eq!(policy, 1, "{}", name);
    }
}
