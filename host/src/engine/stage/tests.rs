use super::*;
use crate::model::state::to_safetensors;
use crate::torch::memory_format::MemoryFormat;
use crate::train::optimizer::Optimizer;

fn stage(seed: u64) -> Stage {
    Stage::new(Registry::default(), Device::Cpu, seed).unwrap()
}

#[test]
fn a_step_is_done_under_the_ticket() {
    let stage = stage(1);
    let train = stage.without();
    let mut training = stage.training(&train).unwrap();
    assert_eq!(training.masks.iter().count(), stage.prunable().len());
    let share = training.masks.kept() as f64 / training.masks.total() as f64;
    // 2,840 weights: four standard errors are 0.038.
    assert!((share - 0.5).abs() < 0.038, "{share}");
    let parameters = training.network.parameters();
    let mut optimizer = Optimizer::new(&train.optimizer, parameters).unwrap();
    let batch = training.batch(0).unwrap();
    let mut step = |training: &mut Training<'_>, number| {
        let progress = stage.progress(number);
        training.step(&mut optimizer, &batch, progress, 0.1).unwrap().loss.double_value(&[])
    };
    let first = step(&mut training, 0);
    let later = (1..8).map(|number| step(&mut training, number)).last().unwrap();
    assert!(later < first && first < 3.0, "{first} {later}");
    let weight = &training.network.parameter("conv1.weight").unwrap().tensor;
    let mask = training.masks.get("conv1.weight").unwrap();
    let pruned = weight.masked_fill(mask, 0.0).abs().sum(tch::Kind::Double);
    assert_eq!(pruned.double_value(&[]), 0.0);
}

#[test]
fn the_seed_makes_ticket_and_weights() {
    let weight = |seed| {
        let stage = stage(seed);
        let train = stage.without();
        let training = stage.training(&train).unwrap();
        Vec::<f32>::try_from(&training.network.parameters()[0].tensor.view(-1)).unwrap()
    };
    assert_eq!(weight(1), weight(1));
    assert_ne!(weight(1), weight(2));
}

#[test]
fn sites_have_both_shapes_and_batches_go_round() {
    let stage = stage(1);
    let view = stage.view().unwrap();
    let sites = view.graph.nodes.iter().filter(|node| node.site.is_some());
    let shapes: Vec<_> = sites.map(|node| view.shape(&node.id).unwrap().len()).collect();
    assert!(shapes.contains(&3) && shapes.contains(&1), "{shapes:?}");
    assert_eq!(stage.indices(0), stage.indices(4));
    assert_eq!(stage.batch(1).unwrap().images.size(), [16, 3, 8, 8]);
    assert_eq!(stage.progress(3).total_steps, 4 * 182);
}

#[test]
fn classes_differ_in_their_images() {
    let images = stage(1).batch(0).unwrap().images;
    // Class k is bright in quadrant k.
    let quadrant = images.narrow(2, 0, 4).narrow(3, 0, 4);
    let mean = |class: i64| quadrant.get(class).mean(tch::Kind::Double).double_value(&[]);
    assert!(mean(0) > mean(1) + 0.1 && mean(0) > mean(3) + 0.1);
}

/// The order is no part of the result: the same values, stored as the same bytes.
#[test]
fn a_step_is_the_same_whatever_the_order() {
    let stage = stage(1);
    let train = stage.without();
    let stepped = |format| {
        let mut training = stage.training(&train).unwrap();
        let before = to_safetensors(&training.network.state()).unwrap();
        training.lay_out_as(format).unwrap();
        assert_eq!(to_safetensors(&training.network.state()).unwrap(), before);
        let parameters = training.network.parameters();
        assert!(parameters.iter().all(|p| p.tensor.requires_grad()));
        let mut optimizer = Optimizer::new(&train.optimizer, parameters).unwrap();
        let batch = training.batch(0).unwrap();
        for step in 0..2 {
            training.step(&mut optimizer, &batch, stage.progress(step), 0.1).unwrap();
        }
        let conv = &training.network.parameter("conv1.weight").unwrap().tensor;
        assert!(format.holds(conv).unwrap());
        let mask = training.masks.get("conv1.weight").unwrap();
        assert!(format.holds(mask).unwrap());
        let pruned = conv.detach().masked_select(&mask.logical_not());
        assert_eq!(pruned.count_nonzero(None::<i64>).int64_value(&[]), 0);
        training.network.state()
    };
    let [plain, last] = [MemoryFormat::Contiguous, MemoryFormat::ChannelsLast].map(stepped);
    for (name, weight) in &plain {
        assert!(weight.allclose(&last[name], 1e-4, 1e-5, false), "{name}");
    }
}
