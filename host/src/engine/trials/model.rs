//! Trials of items that see a network, its masks and batches of data.

use jackpot_plugin_api::abi::{Fault, Named};
use jackpot_plugin_api::model::Mode;
use tch::{Device, Kind, Tensor};

use super::networks::{Built, Networks};
use super::setting::{Setting, item};
use super::words::{all_named, fault};
use crate::data::{Normaliser, Split};
use crate::plugin::ModelAccess;
use crate::plugin::kinds::{Common, Init, Score, Update};
use crate::plugin::remote::Given;
use crate::prune::select::highest;
use crate::random::Stream;
use crate::torch::grad::{GradOptions, grad};
use crate::torch::settings::without_tf32;
use crate::train::access::Access;
use crate::train::loss::cross_entropy;
use crate::train::update::{checked, dense};
use crate::train::{Feed, TrainError};

/// Images of the data that a network under test is fed.
const IMAGES: usize = 64;

/// Sets the weights of a network.
pub fn init(networks: &mut Networks, given: &Given) -> Result<Vec<Named>, Fault> {
    let (setting, item) = (Setting::of(given)?, Init::new(item(given)?.1));
    item.keeps_ticket().map_err(fault)?;
    let built = networks.get(given)?;
    let feed = feed(built)?;
    let access = built.accessed(&feed, setting.seed);
    let purpose = format!("init/{}", item.name());
    let context =
        access.context(item.name(), &purpose, setting.progress, setting.seed, Device::Cpu);
    without_tf32(|| item.initialize(&context).map_err(TrainError::from)).map_err(fault)?;
    Ok(Vec::new())
}

/// The scores of a network's weights, which must be such that a pruning can use them.
pub fn score(networks: &mut Networks, given: &Given) -> Result<Vec<Named>, Fault> {
    let (setting, item) = (Setting::of(given)?, Score::new(item(given)?.1));
    item.rounds().map_err(fault)?;
    let built = networks.get(given)?;
    let feed = feed(built)?;
    let access = built.accessed(&feed, setting.seed);
    let purpose = format!("score/{}/level1/round1", item.name());
    let context =
        access.context(item.name(), &purpose, setting.progress, setting.seed, Device::Cpu);
    let scores = without_tf32(|| item.score(&context).map_err(TrainError::from)).map_err(fault)?;
    highest(&built.masks, &built.scope, &scores, built.masks.kept())
        .map_err(|error| fault(error.of(&item)))?;
    Ok(all_named(scores))
}

/// The masks after an update, which the network then has.
pub fn update(networks: &mut Networks, given: &Given) -> Result<Vec<Named>, Fault> {
    let (setting, item) = (Setting::of(given)?, Update::new(item(given)?.1));
    item.due(setting.progress).map_err(fault)?;
    item.replaces_step().map_err(fault)?;
    let built = networks.get(given)?;
    let feed = feed(built)?;
    let gradients = gradients(built, &feed).map_err(fault)?;
    let access = built.accessed(&feed, setting.seed).of_step(gradients);
    let purpose = format!("update/{}", item.name());
    let context =
        access.context(item.name(), &purpose, setting.progress, setting.seed, Device::Cpu);
    let masks = without_tf32(|| item.update(&context).map_err(TrainError::from)).map_err(fault)?;
    let masks = checked(&built.masks, masks).map_err(|message| fault(item.error(message)))?;
    masks.apply(&built.network).map_err(fault)?;
    built.masks = masks;
    let masks = built.masks.iter();
    Ok(all_named(masks.map(|(name, mask)| (name.to_owned(), mask.copy()))))
}

impl Built {
    fn accessed<'a>(&'a self, feed: &'a Feed, seed: u64) -> Access<'a> {
        Access::new(&self.network, &self.masks, feed, &self.scope, seed)
    }

    /// Runs `body` with the network as an `init` sees it.
    pub fn access(
        &self,
        seed: u64,
        body: impl FnOnce(&dyn ModelAccess) -> Result<(), String>,
    ) -> Result<(), Fault> {
        let feed = feed(self)?;
        Ok(body(&self.accessed(&feed, seed))?)
    }
}

/// The dense gradients of the cross-entropy of the data's first images.
fn gradients(built: &Built, feed: &Feed) -> Result<Vec<(String, Tensor)>, TrainError> {
    let indices: Vec<i64> = (0..16).collect();
    let batch = feed.train.fetch(&indices)?;
    let inputs = feed.normaliser.apply(&batch.images)?;
    let outputs = built.network.forward(&inputs, Mode::BatchStats)?;
    let missing = || TrainError::Setting("the network has no output".to_owned());
    let loss = cross_entropy(&outputs.first().ok_or_else(missing)?.1, &batch.targets)?;
    let parameters: Vec<_> = built.network.parameters().iter().map(|p| &p.tensor).collect();
    let options = GradOptions { allow_unused: true, ..GradOptions::default() };
    Ok(dense(&built.network, &grad(&[&loss], &parameters, None, options)?)?)
}

/// Random images of the network's form, with labels that go round.
fn feed(built: &Built) -> Result<Feed, Fault> {
    let view = built.network.view();
    let input = view.graph.inputs.first().map(|spec| spec.shape.as_slice());
    let output = view.graph.outputs.first().and_then(|output| view.shape(&output.from));
    let (Some(&[c, h, w]), Some(&[classes])) = (input, output) else {
        let message = "items that see data are tried on a network for images [C, H, W] whose first \
                       output is [classes]";
        return Err(message.into());
    };
    let make = || -> Result<Feed, tch::TchError> {
        let count = IMAGES * usize::try_from(c * h * w).unwrap_or(0);
        let pixels = Stream::new(0, "images for tests", 0, 0).uniform(count);
        let pixels: Vec<u8> = pixels.into_iter().map(|x| (x * 256.0) as u8).collect();
        let images = Tensor::f_from_slice(&pixels)?.f_reshape([IMAGES as i64, c, h, w])?;
        let labels = Tensor::f_arange(IMAGES as i64, (Kind::Int64, Device::Cpu))?;
        let labels = labels.f_remainder(classes)?;
        let classes = usize::try_from(classes).unwrap_or(0);
        let split = || -> Result<Split, tch::TchError> {
            let (images, labels) = (images.shallow_clone(), labels.shallow_clone());
            Ok(Split { images, labels, classes })
        };
        let channels = usize::try_from(c).unwrap_or(0);
        // Uniform numbers in [0, 1) have the mean 1/2 and the variance 1/12.
        let deviation = (1.0_f32 / 12.0).sqrt();
        let (mean, deviation) = (vec![0.5; channels], vec![deviation; channels]);
        Ok(Feed {
            train: split()?,
            validation: split()?,
            test: split()?,
            normaliser: Normaliser::new(&mean, &deviation, Device::Cpu)?,
            classes,
            shape: [c, h, w].map(|size| usize::try_from(size).unwrap_or(0)),
        })
    };
    make().map_err(fault)
}
