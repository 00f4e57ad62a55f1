//! The products the manager knows: what their tags mean.

use leasehold_core::crypto::PublicKey;
use leasehold_core::policy::{Policy, PolicyBounds};
use leasehold_core::product::{ProductDefinition, Reporting};
use leasehold_core::products::contact_center;

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
}

/// A tag: one kind of licence.
#[derive(Clone, Debug)]
pub struct Tag {
    /// The tag itself.
    pub tag: String,
    /// Its name for people.
    pub name: String,
    /// What becomes of its count.
    pub reporting: Reporting,
    /// The feature of that product, such as `standard-seat`; empty where there is none.
    pub feature: String,
    product: usize,
    chain: usize,
}

impl Catalogue {
    /// The products that ship with the project, for devices that trust `root`.
    pub fn shipped(root: PublicKey) -> Self {
        Self::new(&[contact_center::definition(root)])
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
                self.tags.push(Tag {
                    tag: entitlement.tag.into(),
                    name: entitlement.name.into(),
                    reporting: entitlement.reporting,
                    feature: feature.map_or(String::new(), |feature| feature.name.into()),
                    product,
                    chain,
                });
            }
        }
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
        self.tags.iter().find(|known| known.tag == tag)
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
