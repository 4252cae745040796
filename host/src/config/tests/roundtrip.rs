//! The written config, read again, is the same config.

use jackpot_plugin_api::Duration;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::keys::Shape;
use super::tables::SECTIONS;
use super::*;

fn name() -> impl Strategy<Value = String> {
    "[A-Za-z0-9_][A-Za-z0-9._@+-]{0,12}"
}

fn path() -> impl Strategy<Value = std::path::PathBuf> {
    // Any printable text but a slash; the first letter keeps it from being `.` or `..`.
    "a[^/\u{0}]{0,10}".prop_map(|text| Path::new("/").join(text))
}

fn positive() -> impl Strategy<Value = f64> {
    (f64::MIN_POSITIVE..=f64::MAX).prop_union(1e-9..=1.0)
}

fn fraction() -> impl Strategy<Value = f64> {
    (0.0..1.0f64).prop_filter("above 0", |x| *x > 0.0)
}

fn plugin(kind: &str) -> BoxedStrategy<PluginRef> {
    let reference = |plugin: &str, params: Value| PluginRef {
        plugin: plugin.to_owned(),
        params: params.as_object().cloned().unwrap_or_default(),
    };
    match kind {
        "architecture" => (1..i64::MAX)
            .prop_map(move |width| reference("resnet", json!({ "width": width })))
            .boxed(),
        "activation" => prop_oneof![
            any::<f64>().prop_map(move |x| reference("swish", json!({ "beta": json_float(x) }))),
            Just(reference("mish", json!({}))),
            Just(reference("/exp/own/libgelu.so:gelu", json!({}))),
        ]
        .boxed(),
        "skip" => (any::<u64>(), select(vec!["cubic", "linear"]))
            .prop_map(move |(n, form)| {
                let fade = Duration::Iterations(n).to_string();
                reference("ghost-skip", json!({ "fade": fade, "form": form }))
            })
            .boxed(),
        "init" => (any::<bool>(), any::<Option<String>>())
            .prop_map(move |(learn, teacher)| match teacher {
                Some(teacher) => reference("lrsi", json!({ "learn": learn, "teacher": teacher })),
                None => reference("lrsi", json!({ "learn": learn })),
            })
            .boxed(),
        "augmentation" => (0..100i64, any::<String>(), any::<i64>())
            .prop_map(move |(padding, key, n)| match padding % 2 {
                0 => reference("crop-flip", json!({ "padding": padding, "flip": true })),
                _ => reference("noise", json!({ "extra": { key: [n, 0.5, "x", { "y": true }] } })),
            })
            .boxed(),
        "lr-schedule" => (
            prop::collection::vec(1..i64::MAX, 0..3),
            prop::collection::vec(0.0..=1.0f64, 0..3),
            prop::collection::vec(any::<String>(), 0..3),
            any::<u64>(),
        )
            .prop_map(move |(milestones, gammas, names, n)| {
                let at = [Duration::Epochs(n).to_string()];
                let params = json!({
                    "milestones": milestones, "gammas": gammas, "names": names, "at": at,
                });
                reference("multi-step", params)
            })
            .boxed(),
        "loss" => (0.0..=1.0f64)
            .prop_map(move |alpha| reference("label-smoothing", json!({ "alpha": alpha })))
            .boxed(),
        "update" => prop_oneof![
            (0.0..=1.0f64).prop_map(move |end| reference("gmp", json!({ "end": end }))),
            any::<u64>().prop_map(move |n| {
                let end = Duration::Epochs(n).to_string();
                reference("gmp", json!({ "end": end }))
            }),
        ]
        .boxed(),
        _ => select(vec!["magnitude", "random"])
            .prop_map(move |name| reference(name, json!({})))
            .boxed(),
    }
}

fn json_float(x: f64) -> Value {
    // The API's rule for what JSON has no number for.
    let name = if x.is_nan() {
        "nan"
    } else if x > 0.0 {
        "inf"
    } else {
        "-inf"
    };
    if x.is_finite() { json!(x) } else { json!(name) }
}

fn model() -> impl Strategy<Value = ModelConfig> {
    prop_oneof![
        plugin("architecture").prop_map(Architecture::Plugin),
        path().prop_map(|file| Architecture::File { file }),
    ]
    .prop_map(|architecture| ModelConfig { architecture })
}

fn optimizer() -> impl Strategy<Value = Optimizer> {
    let sgd = (positive(), fraction(), positive(), any::<bool>(), any::<bool>()).prop_map(
        |(lr, momentum, weight_decay, nesterov, decay_norm)| Optimizer::Sgd {
            lr,
            momentum,
            weight_decay,
            nesterov,
            decay_norm,
        },
    );
    let adamw = (positive(), fraction(), fraction(), positive(), any::<bool>()).prop_map(
        |(lr, beta1, beta2, eps, decay_norm)| Optimizer::Adamw {
            lr,
            beta1,
            beta2,
            eps,
            weight_decay: 0.0,
            decay_norm,
        },
    );
    prop_oneof![sgd, adamw]
}

fn train() -> impl Strategy<Value = TrainConfig> {
    let plugins = (
        prop::option::of(plugin("lr-schedule")),
        prop::collection::vec(plugin("augmentation"), 0..3),
        prop::option::of(plugin("activation")),
        prop::option::of(plugin("skip")),
        prop::option::of(plugin("init")),
        prop::option::of(plugin("loss")),
        prop::option::of(plugin("update")),
    );
    let teacher =
        prop::option::of((path(), prop::option::of(model())).prop_map(|(weights, model)| {
            Teacher::File { weights, architecture: model.map(|model| model.architecture) }
        }));
    let give_up = prop::option::of((1..u64::MAX, fraction()).prop_map(|(n, below)| {
        let at = if n % 2 == 0 { Duration::Epochs(n) } else { Duration::Iterations(n) };
        GiveUp { at, below }
    }));
    let rest = (teacher, give_up);
    (1..i64::MAX as u64, 1..1usize << 40, optimizer(), plugins, rest).prop_map(
        |(epochs, batch_size, optimizer, plugins, (teacher, give_up))| {
            let (lr_schedule, augmentation, activation, skip, init, loss, update) = plugins;
            TrainConfig {
                epochs,
                batch_size,
                optimizer,
                lr_schedule,
                augmentation,
                activation,
                skip,
                init,
                loss,
                teacher,
                update,
                give_up,
            }
        },
    )
}

fn draw() -> impl Strategy<Value = DrawConfig> {
    let levels = prop_oneof![
        (0..1000usize, fraction())
            .prop_map(|(count, fraction)| Levels::Fraction { count, fraction }),
        prop::collection::vec(fraction(), 1..5).prop_map(|mut keep| {
            keep.sort_by(|a, b| b.total_cmp(a));
            keep.dedup();
            Levels::Keep(keep)
        }),
        prop::collection::btree_set(path(), 1..4)
            .prop_map(|files| Levels::Masks(files.into_iter().collect())),
    ];
    let rewind = prop_oneof![
        Just(Rewind::Init),
        Just(Rewind::At(Duration::Epochs(1))),
        (1..u64::MAX).prop_map(|n| Rewind::At(Duration::Iterations(n))),
    ];
    let prunable = prop::collection::vec("[a-z*.?\"\\\\]{1,8}", 1..3);
    let schedule = select(vec![PruningSchedule::Iterative, PruningSchedule::OneShot]);
    let weights = prop::option::of(path());
    let from = (schedule, any::<bool>(), weights);
    (name(), plugin("score"), levels, rewind, prunable, from).prop_map(
        |(name, score, levels, rewind, prunable, (schedule, at_init, weights))| {
            let masks = matches!(levels, Levels::Masks(_));
            let drawn = !masks;
            DrawConfig {
                name,
                score: if drawn {
                    score
                } else {
                    PluginRef { plugin: "magnitude".into(), params: Default::default() }
                },
                levels,
                rewind: if drawn && !at_init { rewind } else { Rewind::Init },
                prunable,
                schedule: if drawn { schedule } else { PruningSchedule::Iterative },
                prune_at: if drawn && at_init { PruneAt::Init } else { PruneAt::Trained },
                weights,
            }
        },
    )
}

fn data() -> impl Strategy<Value = DataConfig> {
    let dataset = select(vec![
        DatasetChoice::Cifar10,
        DatasetChoice::Cifar100,
        DatasetChoice::TinyImagenet,
        DatasetChoice::Mnist,
        DatasetChoice::FashionMnist,
        DatasetChoice::ImageFolder,
        DatasetChoice::Tensors,
        DatasetChoice::Synthetic,
    ]);
    let limit = || prop::option::of(1..1usize << 40);
    let sizes = (1..100_000usize, prop::option::of(1..=4096usize));
    (dataset, path(), sizes, prop::option::of(positive()), limit(), limit()).prop_map(
        |(dataset, root, (validation, size), one, train_limit, test_limit)| DataConfig {
            dataset,
            root: (dataset != DatasetChoice::Synthetic).then_some(root),
            image_size: size.filter(|_| dataset == DatasetChoice::ImageFolder),
            validation,
            mean: one.map(|x| vec![-x, 0.5, 0.0]),
            std: one.map(|x| vec![x, 0.5, 1.0]),
            train_limit,
            test_limit,
        },
    )
}

fn spends(
    draws: Vec<String>,
    seeds: Vec<u64>,
    last: usize,
) -> impl Strategy<Value = Vec<SpendConfig>> {
    let one = (
        name(),
        subsequence(draws.clone(), 1..=draws.len()),
        prop::option::of(prop::collection::btree_set(0..=last, 1..4)),
        select(vec![MaskControl::Own, MaskControl::ShuffledLayerwise, MaskControl::ShuffledGlobal]),
        prop::option::of(select(seeds)),
        prop::option::of("trial [a-z]{5}".prop_map(|name| name.replace(' ', "-"))),
        model(),
        train(),
    )
        .prop_map(|(recipe, draws, levels, mask, ticket_seed, trial_of, model, train)| {
            SpendConfig {
                recipe,
                draws,
                levels: levels.map(|levels| levels.into_iter().collect()),
                mask,
                start: StartWeights::Reinit,
                trial_of,
                ticket_seed,
                model,
                train,
            }
        });
    prop::collection::vec(one, 0..3).prop_map(|mut spends| {
        spends.sort_by(|a, b| a.recipe.cmp(&b.recipe));
        spends.dedup_by(|a, b| a.recipe == b.recipe);
        spends
    })
}

/// A comparison that is made, if one is.
fn primary(spends: &[SpendConfig]) -> Option<Primary> {
    let spend = spends.first()?;
    Some(Primary {
        recipe: spend.trial_of.as_ref().unwrap_or(&spend.recipe).clone(),
        draw: Some(spend.draws.first()?.clone()),
        level: spend.levels.as_ref().map_or(Some(0), |levels| levels.first().copied())?,
    })
}

fn config() -> impl Strategy<Value = Config> {
    let seeds = prop::collection::btree_set(0..=i64::MAX as u64, 1..4);
    let draws = prop::collection::vec(draw(), 1..4).prop_map(|mut draws| {
        draws.sort_by(|a, b| a.name.cmp(&b.name));
        draws.dedup_by(|a, b| a.name == b.name);
        draws
    });
    (seeds, draws).prop_flat_map(|(seeds, draws)| {
        let seeds: Vec<u64> = seeds.into_iter().collect();
        let names = draws.iter().map(|draw| draw.name.clone()).collect();
        let last = draws.iter().map(|draw| draw.levels.last()).min().unwrap_or(0);
        let device = select(vec![DeviceChoice::Auto, DeviceChoice::Cpu, DeviceChoice::Cuda(3)]);
        let precision =
            select(vec![Precision::Auto, Precision::F32, Precision::Tf32, Precision::Bf16]);
        let threads = prop::option::of(1..=4096usize);
        let plugin_path = prop::collection::btree_set(path(), 0..3);
        let exact = (
            prop::option::of(any::<bool>()),
            prop::option::of(any::<bool>()),
            select(vec![
                Sparse::Auto,
                Sparse::Rule,
                Sparse::Measured,
                Sparse::Always,
                Sparse::Never,
            ]),
        );
        let head = (name(), device, precision, threads, exact, plugin_path);
        let body = (data(), model(), train(), spends(names, seeds.clone(), last));
        (head, body).prop_map(move |(head, (data, model, train, spends))| {
            let (name, device, precision, threads, exact, plugin_path) = head;
            let (deterministic, cuda_graph, sparse) = exact;
            Config {
                name,
                seeds: seeds.clone(),
                device,
                precision,
                threads,
                deterministic,
                cuda_graph,
                sparse,
                plugin_path: plugin_path.into_iter().collect(),
                data,
                model,
                train,
                draws: draws.clone(),
                primary: primary(&spends),
                spends,
            }
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn written_and_read_again_is_the_same(config in config()) {
        let text = to_toml(&config);
        prop_assert_eq!(read(&text), config);
        let schema = schema_with(&known());
        let json = serde_json::to_value(text.parse::<toml::Table>().expect("TOML")).expect("JSON");
        // A TOML editor sees `inf`, JSON does not.
        if !text.contains("\"inf\"") && !text.contains("\"-inf\"") && !text.contains("\"nan\"") {
            prop_assert!(validator::fits(&schema, &schema, &json), "{}", text);
        }
    }
}

#[test]
fn an_expanded_config_is_written_expanded() {
    let text = plus("[[spend]]\nrecipe = \"a\"\nactivation = \"swish\"")
        .replace("levels = 3", "levels = 3\nrewind = [\"init\", \"2ep\"]");
    let config = read(&text);
    let shown = to_toml(&config);
    assert_eq!(read(&shown), config);
    insta::assert_snapshot!(shown);
}

#[test]
fn keys_are_written_in_the_order_of_the_docs_and_none_is_left_out() {
    let text =
        plus("[[spend]]\nrecipe = \"a\"\ntrial_of = \"t\"\n[[draw]]\nname = \"b\"\nkeep = [0.1]")
            .replace("[data]", "[data]\nvalidation = 5\nroot = \"x\"");
    let written = to_toml(&read(&text));
    let mut seen: Vec<(&str, Vec<&str>)> = vec![("the top of the file", Vec::new())];
    for line in written.lines() {
        if line.starts_with('[') {
            seen.push((line, Vec::new()));
        } else if let (Some((key, _)), Some((_, keys))) = (line.split_once(" = "), seen.last_mut())
        {
            keys.push(key);
        }
    }
    for (title, keys) in seen {
        let section = SECTIONS.iter().find(|section| section.title == title).expect("a section");
        let other = |key: &str| match key {
            // A sweep is written as its trials.
            "seed" | "sweep" => true,
            "keep" => keys.contains(&"levels"),
            "levels" | "fraction" => keys.contains(&"keep"),
            _ => false,
        };
        let is_part = |key: &&keys::Key| {
            !matches!(key.shape, Shape::Section(_) | Shape::Sections(..)) && !other(key.name)
        };
        let wanted: Vec<_> = section.keys.iter().filter(is_part).map(|key| key.name).collect();
        assert_eq!(keys, wanted, "{title}");
    }
}
