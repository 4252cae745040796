//! A plugin of the future: what needs nothing new works on a host of ABI 1; what does says in one
//! sentence that Jackpot has to be updated.

use jackpot_plugin_api::kinds::Next;
use jackpot_plugin_api::next::NextText;
use jackpot_plugin_api::prelude::*;

/// x · sigmoid(x), with nothing new.
#[derive(Params)]
struct Plain;

impl Activation for Plain {
    const NAME: &str = "next-plain";

    fn forward(&self, x: &Tensor, _: &Ctx<'_>) -> Tensor {
        x * x.sigmoid()
    }
}

/// x · sigmoid(x), after a use of something new.
#[derive(Params)]
struct Newer {
    /// Of what.
    #[param(choices = ["host", "context", "question", "error"])]
    uses: String,
}

impl Activation for Newer {
    const NAME: &str = "next-newer";

    fn forward(&self, x: &Tensor, ctx: &Ctx<'_>) -> Tensor {
        let answer = match self.uses.as_str() {
            "host" => ctx.creator().double(21),
            "context" => ctx.double(21),
            "question" => ctx.answer(),
            _ => Err(Error::next("an error of a kind that came later")),
        };
        match answer {
            Ok(42) => x * x.sigmoid(),
            Ok(other) => Error::new(format!("the answer is {other}")).throw(),
            Err(error) => error.throw(),
        }
    }
}

/// x · sigmoid(x), with a parameter of a new type.
#[derive(Params)]
struct Typed {
    /// `plain`, or it refuses.
    text: NextText,
}

impl Activation for Typed {
    const NAME: &str = "next-typed";

    fn forward(&self, x: &Tensor, _: &Ctx<'_>) -> Tensor {
        if self.text.0 != "plain" {
            Error::new(format!("`{}` is not plain", self.text.0)).throw()
        }
        x * x.sigmoid()
    }
}

/// A network, with a new key in its graph or without.
#[derive(Params)]
struct Staged {
    /// Whether the graph has the key.
    #[param(default = true)]
    staged: bool,
}

impl Architecture for Staged {
    const NAME: &str = "next-staged";

    fn build(
        &self,
        graph: &mut GraphBuilder,
        input: &TensorSpec,
        output: &TensorSpec,
    ) -> Result<(), Error> {
        let [channels, _, _] = input.image_for("next-staged", 1)?;
        let images = graph.input();
        let x = graph.conv2d("conv", &images, Conv2d::new(channels, 4, 3));
        let x = graph.activation("act", &x);
        let pool = graph.global_avg_pool("pool", &x);
        let logits = graph.linear("head", &pool, 4, output.classes_for("next-staged")?);
        graph.output(&output.name, &logits);
        if self.staged {
            graph.stage("all of it");
        }
        Ok(())
    }
}

/// An item of a new kind.
#[derive(Params)]
struct Kind;

impl Next for Kind {
    const NAME: &str = "next-kind";

    fn act(&self, _: &Ctx<'_>) -> f64 {
        42.0
    }
}

export_plugin!(
    architectures: [Staged],
    activations: [Plain, Newer, Typed],
    nexts: [Kind],
);
