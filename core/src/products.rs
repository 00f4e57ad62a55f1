//! Product definitions that ship with the project. Data only: the agent knows none of them.

mod bounds;
pub mod contact_center;
pub mod industrial_gateway;

use crate::crypto::PublicKey;
use crate::product::{Entitlement, ProductDefinition, Reporting};

/// Every product that ships, for devices that trust `root`.
pub const fn all(root: PublicKey) -> [ProductDefinition<'static>; 2] {
    [contact_center::definition(root), industrial_gateway::definition(root)]
}

/// The product called `name` in settings and scenarios, for devices that trust `root`.
pub fn find(name: &str, root: PublicKey) -> Option<ProductDefinition<'static>> {
    all(root).into_iter().find(|product| product.name == name)
}

/// The tag of a kind of licence of these products.
macro_rules! tag {
    ($name:literal) => {
        concat!("regid.2026-01.org.leasehold.", $name, ",1.0")
    };
}
use tag;

/// An entitlement outside any chain that no administrator limits.
const fn entitlement(
    name: &'static str,
    tag: &'static str,
    description: &'static str,
    reporting: Reporting,
) -> Entitlement<'static> {
    let (version, chain, controlled) = ("1.0", None, false);
    Entitlement { name, tag, description, version, chain, reporting, controlled }
}

/// As a tier of `chain`.
const fn tier(chain: u8, of: Entitlement<'static>) -> Entitlement<'static> {
    Entitlement { chain: Some(chain), ..of }
}

/// As a field of license control (SPEC C4).
const fn controlled(field: Entitlement<'static>) -> Entitlement<'static> {
    Entitlement { controlled: true, ..field }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::Algorithm;
    use crate::policy::Policy;
    use crate::product::{DefinitionError, TAG_MAX, UniversalLicense};

    const ROOT: PublicKey = PublicKey { algorithm: Algorithm::Ed25519, bytes: [0; 32] };

    #[test]
    fn every_definition_holds_together() {
        for product in all(ROOT) {
            assert_eq!(product.check(), Ok(()), "{}", product.name);
            assert_eq!(product.policy_bounds.clamp(product.policy), product.policy);
            assert_eq!(product.policy.evaluation_period, Policy::DEFAULT.evaluation_period);
        }
    }

    #[test]
    fn a_universal_licence_has_a_tag_of_its_own() {
        let product = contact_center::definition(ROOT);
        let check = |tag: &str| {
            let universal = Some(UniversalLicense { name: "Everything", tag });
            ProductDefinition { universal, ..product }.check()
        };
        assert_eq!(check("regid.2026-01.org.example.ALL,1.0"), Ok(()));
        assert_eq!(check(""), Err(DefinitionError::TagLength));
        let long = "x".repeat(TAG_MAX + 1);
        assert_eq!(check(&long), Err(DefinitionError::TagLength));
        let other = contact_center::FLEX.entitlements[1].tag;
        assert_eq!(check(other), Err(DefinitionError::NameTwice));
        assert_eq!(ProductDefinition { universal: None, ..product }.check(), Ok(()));
    }

    #[test]
    fn products_are_found_by_name_and_have_ids_of_their_own() {
        let found = |name| find(name, ROOT).map(|product| product.product_id);
        assert_eq!(found("contact-center"), Some("LH-CC"));
        assert_eq!(found("industrial-gateway"), Some("LH-IG"));
        assert_eq!(found("toaster"), None);
        assert_eq!(found(""), None);
    }

    /// A manager knows a licence by its tag alone.
    #[test]
    fn no_two_license_types_share_a_tag() {
        let products = all(ROOT);
        let types = products.iter().flat_map(|product| product.license_types);
        let tags: Vec<&str> =
            types.flat_map(|known| known.entitlements).map(|known| known.tag).collect();
        for (index, tag) in tags.iter().enumerate() {
            assert!(tag.starts_with("regid.2026-01.org.leasehold.") && tag.ends_with(",1.0"));
            assert!(!tags[..index].contains(tag), "{tag} twice");
        }
    }

    #[test]
    fn every_entitlement_can_be_taken_and_has_a_name_for_people() {
        for license_type in all(ROOT).iter().flat_map(|product| product.license_types) {
            for (index, entitlement) in license_type.entitlements.iter().enumerate() {
                let taken_by = |feature: &&crate::product::Feature<'_>| {
                    usize::from(feature.entitlement) == index
                };
                assert_eq!(license_type.features.iter().filter(taken_by).count(), 1);
                assert!(!entitlement.name.contains(['(', ')', ':']), "{}", entitlement.name);
                assert!(!entitlement.description.is_empty());
            }
        }
    }
}
