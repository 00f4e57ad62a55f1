//! The codes of SPEC section 6: what people make of them, and what nobody may.

mod accepting;
mod golden;
mod mistakes;
mod other_codes;
mod printing;
mod proofs;

use bech32::primitives::checksum::Engine;
use bech32::{Bech32m, Fe32};
use leasehold_core::code::{
    Anchors, AuthorizationCode, CodeError, CodeKind, ConfirmationCode, ExpectedGrant, Grant,
    GrantLine, RequestCode, ReservationSecret, ReturnCode, Returned, device_hint,
};
use leasehold_core::crypto::{Crypto, KeyHandle, PublicKey, SoftwareCrypto};
use leasehold_core::identity::Udi;
use leasehold_core::time::UnixTime;
use leasehold_core::wire::SigningCertificate;

const CRYPTO: SoftwareCrypto = SoftwareCrypto;
const ROOT: KeyHandle = KeyHandle([1; 32]);
const MANAGER: KeyHandle = KeyHandle([2; 32]);
const PINNED: KeyHandle = KeyHandle([4; 32]);
const SECRET: ReservationSecret = ReservationSecret([7; 16]);
const NUMBER: u32 = 0x8102_0304;
const NOW: u64 = 1_800_000_000;

/// Its twenty-four characters are of every sort.
fn udi() -> Udi<'static> {
    Udi::new("LH-CC.v2/x", "a1B2-C3_D4e5.F", None).unwrap()
}

fn anchors() -> Anchors {
    SECRET.anchors(&CRYPTO, &udi(), NUMBER)
}

fn request() -> RequestCode {
    RequestCode::new(&udi(), 3, false, NUMBER, anchors()).unwrap()
}

/// Eight entitlements, as many of each as can be, all with terms.
fn grant() -> Grant {
    let until = Some(UnixTime::from_secs(NOW + 31_536_000));
    let line = |entitlement| GrantLine { entitlement, count: u32::MAX, until };
    Grant {
        device: device_hint(&CRYPTO, &udi()),
        number: NUMBER,
        generation: 2,
        license_type: 3,
        universal: false,
        catalogue: 0xfedc_ba98,
        issued: UnixTime::from_secs(NOW),
        lines: (0..8).map(line).collect(),
    }
}

fn certificate() -> SigningCertificate {
    let key = CRYPTO.public_key(&MANAGER).unwrap();
    let (from, until) = (UnixTime::from_secs(NOW - 1_000), UnixTime::from_secs(NOW + 1_000));
    SigningCertificate::issue(&CRYPTO, &ROOT, key, 0xffff_ffff, from, until).unwrap()
}

fn signed(grant: &Grant, key: &KeyHandle, by: Option<&SigningCertificate>) -> String {
    AuthorizationCode::encode(&CRYPTO, key, by, grant, &udi(), &anchors()).unwrap().to_string()
}

fn public(key: &KeyHandle) -> PublicKey {
    CRYPTO.public_key(key).unwrap()
}

/// What the device expects that [`grant`] is for.
fn expected() -> ExpectedGrant<'static> {
    ExpectedGrant {
        root: public(&ROOT),
        reservation_key: Some(public(&PINNED)),
        udi: udi(),
        number: NUMBER,
        anchors: anchors(),
        license_type: 3,
        catalogue: 0xfedc_ba98,
        entitlements: 8,
        newer_than: Some(1),
    }
}

/// One code of each kind, and the other form of those that have two.
fn codes() -> [(CodeKind, String); 6] {
    let returned = |what| SECRET.return_code(&CRYPTO, &udi(), NUMBER, what).to_text().to_string();
    let confirmation = SECRET.confirmation(&CRYPTO, &udi(), NUMBER, 5);
    [
        (CodeKind::Request, request().to_text().to_string()),
        (CodeKind::Authorization, signed(&grant(), &PINNED, None)),
        (CodeKind::Authorization, signed(&grant(), &MANAGER, Some(&certificate()))),
        (CodeKind::Confirmation, confirmation.to_text().to_string()),
        (CodeKind::Return, returned(Returned::Everything)),
        (CodeKind::Return, returned(Returned::Update(6))),
    ]
}

/// Whether `text` is read where a code of the kind is expected.
fn read(kind: CodeKind, text: &str) -> Result<(), CodeError> {
    meaning(kind, text).map(drop)
}

/// What `text` says where a code of the kind is expected.
fn meaning(kind: CodeKind, text: &str) -> Result<String, CodeError> {
    match kind {
        CodeKind::Request => RequestCode::parse(text).map(|code| format!("{code:?}")),
        CodeKind::Confirmation => ConfirmationCode::parse(text).map(|code| format!("{code:?}")),
        CodeKind::Return => ReturnCode::parse(text).map(|code| format!("{code:?}")),
        CodeKind::Authorization => AuthorizationCode::parse(text)
            .map(|code| format!("{:?}", code.accept(&CRYPTO, &expected()))),
    }
}

const KINDS: [CodeKind; 4] =
    [CodeKind::Request, CodeKind::Authorization, CodeKind::Confirmation, CodeKind::Return];
const SYMBOLS: &str = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const BLOCK_DATA: usize = 74;

fn without_dashes(text: &str) -> String {
    text.replace('-', "")
}

fn value(symbol: char) -> u8 {
    let symbol = if symbol == 'L' { '1' } else { symbol };
    SYMBOLS.find(symbol).unwrap() as u8
}

/// The symbols of a text without a UDI, in blocks, each without its check symbols.
fn data(text: &str) -> Vec<u8> {
    let values: Vec<u8> = without_dashes(text).chars().map(value).collect();
    values.chunks(BLOCK_DATA + 6).flat_map(|block| block[..block.len() - 6].to_vec()).collect()
}

/// The check symbols of a block, by another implementation of the published code.
fn check_symbols(values: &[u8]) -> [u8; 6] {
    let mut engine = Engine::<Bech32m>::new();
    values.iter().for_each(|&value| engine.input_fe(Fe32::try_from(value).unwrap()));
    engine.input_target_residue();
    core::array::from_fn(|index| ((engine.residue() >> (25 - 5 * index)) & 31) as u8)
}

fn with_checks(block: &[u8]) -> Vec<u8> {
    [block, &check_symbols(block)].concat()
}

fn text_of(values: &[u8]) -> String {
    values.iter().map(|&value| SYMBOLS.as_bytes()[usize::from(value)] as char).collect()
}

/// A code of these data symbols, its prefix and version among them, with good checks.
fn sealed(data: &[u8]) -> String {
    text_of(&data.chunks(BLOCK_DATA).flat_map(with_checks).collect::<Vec<u8>>())
}

/// A request with good checks, whatever it says.
fn sealed_request(version: u8, udi: &str, contents: &[u8]) -> String {
    let head: Vec<u8> = "LHQ".chars().map(value).chain([version]).collect();
    let pair = |character: u8| match character {
        b':' => [0, 0],
        code => [code >> 5, code & 31],
    };
    let first = [head, udi.bytes().flat_map(pair).collect()].concat();
    let (checks, version) = (text_of(&check_symbols(&first)), text_of(&[version]));
    format!("LHQ{version}{udi}{checks}{}", text_of(&with_checks(contents)))
}

/// Bytes as symbols, by single bits.
fn symbols(bytes: &[u8]) -> Vec<u8> {
    let bits = bytes.iter().flat_map(|byte| (0..8).map(move |bit| byte >> (7 - bit) & 1));
    let bits: Vec<u8> = bits.collect();
    let symbol = |bits: &[u8]| (0..5).fold(0, |value, at| value * 2 + bits.get(at).unwrap_or(&0));
    bits.chunks(5).map(symbol).collect()
}

/// The bytes that are in symbols, by single bits.
fn bytes(symbols: &[u8]) -> Vec<u8> {
    let bits = symbols.iter().flat_map(|symbol| (0..5).map(move |bit| symbol >> (4 - bit) & 1));
    let bits: Vec<u8> = bits.collect();
    bits.chunks_exact(8).map(|byte| byte.iter().fold(0, |value, bit| value * 2 + bit)).collect()
}
