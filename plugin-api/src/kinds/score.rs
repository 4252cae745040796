//! Kind `score`.

use super::{kind, wrapper};
use crate::abi::{Named, Value};
use crate::ctx::Ctx;
use crate::error::Error;
use crate::item::one;
use crate::manifest::Kind;
use crate::model::Model;
use crate::tensor::NamedTensors;

kind! {
    /// Which weights a pruning keeps: those with the highest scores over all layers.
    Score {
        /// In how many rounds the pruning reaches its density; round i of n keeps d^(i/n).
        fn rounds(&self) -> u64 {
            1
        }

        /// A score for each weight of every parameter that this draw prunes
        /// ([`ParameterInfo::prunable`](crate::model::ParameterInfo)), by the parameter's name, in
        /// its shape. Weights that are already pruned are left out whatever their score.
        ///
        /// # Errors
        ///
        /// Anything that makes scoring impossible, in words.
        fn score(&self, model: &Model<'_>, ctx: &Ctx<'_>) -> Result<NamedTensors, Error>;
    }
}

wrapper!(ScoreItem, Score, Kind::Score, self, ctx, args, {
    "score" => {
        let scores = self.0.score(&Model::new(ctx), ctx)?;
        let named = |(name, tensor)| Named::new(name, Value::Tensor(tensor));
        Ok(scores.into_iter().map(named).collect())
    },
    "rounds" => {
        let rounds = i64::try_from(self.0.rounds()).unwrap_or(i64::MAX);
        Ok(one("rounds", Value::Int(rounds)))
    },
});
