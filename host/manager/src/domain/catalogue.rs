//! The products the manager knows: what their tags mean.

use leasehold_core::crypto::PublicKey;
use leasehold_core::policy::{Policy, PolicyBounds};
use leasehold_core::product::{self, ProductDefinition, Reporting, UniversalLicense};
use leasehold_core::products;
use std::sync::Arc;

/// Every product, as looked up by tag and by product id.
#[derive(Clone, Debug)]
pub struct Catalogue {
    products: Vec<Product>,
    tags: Vec<Tag>,
    chains: Vec<Vec<usize>>,
}

/// A product.
#[derive(Clone, Debug)]
pub struct Product {
    /// Its product id.
    pub product_id: String,
    /// Its name.
    pub name: String,
    /// Its own rules.
    pub policy: Policy,
    /// How far the manager may change them.
    pub policy_bounds: PolicyBounds,
    /// The key that its devices take reservations from without a certificate.
    pub reservation_key: Option<PublicKey>,
    /// The tag of the licence for everything it can use (SPEC S1), where there is one.
    pub universal: Option<Arc<str>>,
    /// The ways it can be licensed, in the order of its definition.
    pub license_types: Vec<LicenseType>,
}

/// One way to license a product: what its codes speak about by index.
#[derive(Clone, Debug)]
pub struct LicenseType {
    /// Its name in commands.
    pub name: String,
    /// The tags of its entitlements, in order.
    pub tags: Vec<Arc<str>>,
    /// The features, and the index of the entitlement that each consumes.
    features: Vec<(String, u8)>,
}

impl LicenseType {
    /// The index of the entitlement that is called `name`: by its tag, or by the feature that consumes
    /// it, with or without the license type before it, such as `flex/server`.
    pub fn called(&self, name: &str) -> Option<u8> {
        let by_tag = self.tags.iter().position(|tag| **tag == *name);
        if let Some(index) = by_tag {
            return u8::try_from(index).ok();
        }
        let qualified = name.strip_prefix(&*self.name).and_then(|rest| rest.strip_prefix('/'));
        let name = qualified.unwrap_or(name);
        self.features.iter().find(|(feature, _)| feature == name).map(|(_, index)| *index)
    }

    /// What the entitlements are called in commands.
    pub fn features(&self) -> impl Iterator<Item = (&str, u8)> {
        self.features.iter().map(|(name, index)| (&**name, *index))
    }
}

/// A tag: one kind of licence.
#[derive(Clone, Debug)]
pub struct Tag {
    /// The tag itself.
    pub tag: Arc<str>,
    /// Its name for people.
    pub name: String,
    /// What becomes of its count.
    pub reporting: Reporting,
    /// What it is called in commands: the feature, such as `standard-seat`; where another license
    /// type has that already, with its own before it, such as `perpetual-premium/server`. Empty
    /// where there is none.
    pub feature: String,
    license_type: String,
    product: usize,
    chain: usize,
}

impl From<&product::LicenseType<'_>> for LicenseType {
    fn from(declared: &product::LicenseType<'_>) -> Self {
        let tags = declared.entitlements.iter().map(|entitlement| entitlement.tag.into());
        let features =
            declared.features.iter().map(|feature| (feature.name.into(), feature.entitlement));
        Self { name: declared.name.into(), tags: tags.collect(), features: features.collect() }
    }
}

impl Catalogue {
    /// The products that ship with the project, for devices that trust `root`.
    pub fn shipped(root: PublicKey) -> Self {
        Self::new(&products::all(root))
    }

    /// A catalogue of `definitions`. A tag that occurs twice keeps its first meaning.
    pub fn new(definitions: &[ProductDefinition<'_>]) -> Self {
        let mut catalogue = Self { products: Vec::new(), tags: Vec::new(), chains: Vec::new() };
        for definition in definitions {
            catalogue.add(definition);
        }
        catalogue
    }

    fn add(&mut self, definition: &ProductDefinition<'_>) {
        let product = self.products.len();
        self.products.push(Product {
            product_id: definition.product_id.into(),
            name: definition.name.into(),
            policy: definition.policy,
            policy_bounds: definition.policy_bounds,
            reservation_key: definition.reservation_key,
            universal: definition.universal.map(|license| license.tag.into()),
            license_types: definition.license_types.iter().map(LicenseType::from).collect(),
        });
        for license_type in definition.license_types {
            let mut open_chain = None;
            for (index, entitlement) in license_type.entitlements.iter().enumerate() {
                if self.tag(entitlement.tag).is_some() {
                    continue;
                }
                // Tiers of a chain stand together, so that a new chain begins at every change.
                let chain = match (open_chain, entitlement.chain) {
                    (Some((name, chain)), Some(this)) if name == this => chain,
                    _ => {
                        self.chains.push(Vec::new());
                        self.chains.len() - 1
                    }
                };
                open_chain = entitlement.chain.map(|name| (name, chain));
                if let Some(tiers) = self.chains.get_mut(chain) {
                    tiers.push(self.tags.len());
                }
                let feature = license_type
                    .features
                    .iter()
                    .find(|feature| usize::from(feature.entitlement) == index);
                let feature = feature.map_or("", |feature| feature.name);
                let taken = !feature.is_empty() && self.tags.iter().any(|t| t.feature == feature);
                self.tags.push(Tag {
                    tag: entitlement.tag.into(),
                    name: entitlement.name.into(),
                    reporting: entitlement.reporting,
                    feature: match taken {
                        true => format!("{}/{feature}", license_type.name),
                        false => feature.into(),
                    },
                    license_type: license_type.name.into(),
                    product,
                    chain,
                });
            }
        }
        if let Some(universal) = definition.universal {
            self.add_universal(&universal, definition.name, product);
        }
    }

    /// A licence that no device counts: it is owned to be reserved.
    fn add_universal(&mut self, license: &UniversalLicense<'_>, name: &str, product: usize) {
        if self.tag(license.tag).is_some() {
            return;
        }
        self.chains.push(vec![self.tags.len()]);
        self.tags.push(Tag {
            tag: license.tag.into(),
            name: license.name.into(),
            reporting: Reporting::StoredOnly,
            feature: format!("{name}/universal"),
            license_type: String::new(),
            product,
            chain: self.chains.len() - 1,
        });
    }

    /// Every product.
    pub fn products(&self) -> &[Product] {
        &self.products
    }

    /// The product with this id.
    pub fn product(&self, product_id: &str) -> Option<&Product> {
        self.products.iter().find(|product| product.product_id == product_id)
    }

    /// Every tag, in the order of the definitions.
    pub fn tags(&self) -> &[Tag] {
        &self.tags
    }

    /// What `tag` means.
    pub fn tag(&self, tag: &str) -> Option<&Tag> {
        self.tags.iter().find(|known| &*known.tag == tag)
    }

    /// The tag called `name` in commands: by a feature, which of several license types is the first's,
    /// or by license type and feature, such as `flex/server`.
    pub fn called(&self, name: &str) -> Option<&Tag> {
        let by_type = |tag: &&Tag| {
            let (license_type, feature) = name.split_once('/').unwrap_or(("", ""));
            license_type == tag.license_type && feature == tag.feature
        };
        let by_name = self.tags.iter().find(|tag| !name.is_empty() && tag.feature == name);
        by_name.or_else(|| self.tags.iter().find(by_type))
    }

    /// What `tag` means for a device of `product_id`: nothing when it is another product's.
    pub fn tag_of(&self, product_id: &str, tag: &str) -> Option<&Tag> {
        let found = self.tag(tag)?;
        let product = self.products.get(found.product)?;
        (product.product_id == product_id).then_some(found)
    }

    /// The tiers of each chain, lowest first; a tag without a chain is a chain of its own.
    pub fn chains(&self) -> impl Iterator<Item = impl Iterator<Item = &Tag>> {
        self.chains.iter().map(|chain| chain.iter().filter_map(|&index| self.tags.get(index)))
    }

    /// The chain that `tag` is in, lowest tier first.
    pub fn chain_of(&self, tag: &Tag) -> impl DoubleEndedIterator<Item = &Tag> {
        self.chains
            .get(tag.chain)
            .map_or(&[][..], Vec::as_slice)
            .iter()
            .filter_map(|&index| self.tags.get(index))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use leasehold_core::crypto::Algorithm;

    #[test]
    fn every_license_of_every_product_is_known_by_a_name_of_its_own() {
        let root = PublicKey { algorithm: Algorithm::Ed25519, bytes: [0; 32] };
        let catalogue = Catalogue::shipped(root);
        for product in products::all(root) {
            for license_type in product.license_types {
                for feature in license_type.features {
                    let index = usize::from(feature.entitlement);
                    let entitlement = license_type.entitlement(index).unwrap();
                    let tag = catalogue.tag_of(product.product_id, entitlement.tag).unwrap();
                    assert_eq!(tag.reporting, entitlement.reporting);
                    let qualified = format!("{}/{}", license_type.name, feature.name);
                    for name in [&tag.feature, &qualified] {
                        let called = catalogue.called(name).unwrap();
                        assert_eq!(&*called.tag, entitlement.tag, "{name}");
                    }
                }
            }
        }
        let called = |name| catalogue.called(name).map(|tag| tag.name.as_str());
        assert_eq!(called("server"), Some("CC Flex Server"));
        assert_eq!(called("perpetual-premium/server"), Some("CC Premium Server"));
        assert_eq!(called("agent-seat"), Some("CC Premium Seat"));
        assert_eq!(called("perpetual-enhanced/agent-seat"), Some("CC Enhanced Seat"));
        for unknown in ["", "/", "flex/", "/server", "flex/sofa", "sofa"] {
            assert_eq!(called(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn a_license_type_knows_its_own_licenses_only() {
        let root = PublicKey { algorithm: Algorithm::Ed25519, bytes: [0; 32] };
        let catalogue = Catalogue::shipped(root);
        for definition in products::all(root) {
            let product = catalogue.product(definition.product_id).unwrap();
            assert_eq!(product.license_types.len(), definition.license_types.len());
            for (known, declared) in product.license_types.iter().zip(definition.license_types) {
                for (index, entitlement) in declared.entitlements.iter().enumerate() {
                    assert_eq!(&*known.tags[index], entitlement.tag);
                    assert_eq!(known.called(entitlement.tag), u8::try_from(index).ok());
                }
                for feature in declared.features {
                    let qualified = format!("{}/{}", declared.name, feature.name);
                    assert_eq!(known.called(feature.name), Some(feature.entitlement));
                    assert_eq!(known.called(&qualified), Some(feature.entitlement));
                }
            }
            let universal = definition.universal.unwrap();
            let tag = catalogue.tag(universal.tag).unwrap();
            assert_eq!((&*tag.name, &product.universal), (universal.name, &Some(tag.tag.clone())));
            let called = catalogue.called(&format!("{}/universal", definition.name));
            assert_eq!(called.map(|called| &*called.tag), Some(universal.tag));
        }
        let flex = &catalogue.product("LH-CC").unwrap().license_types[0];
        for other in ["", "/", "flex/", "agent-seat", "perpetual-premium/server", "universal"] {
            assert_eq!(flex.called(other), None, "{other}");
        }
    }
}
