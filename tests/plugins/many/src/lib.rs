//! Fifty activations in one file. Their names begin with `p000-`, so that a test makes another
//! plugin of the file by writing another number over it.

use jackpot_plugin_api::prelude::*;

macro_rules! items {
    ($($item:ident = $number:literal),* $(,)?) => {
        $(
            /// x · the number of the item.
            #[derive(Params)]
            struct $item;

            impl Activation for $item {
                const NAME: &str = concat!("p000-item-", $number);
                fn forward(&self, x: &Tensor, _: &Ctx<'_>) -> Tensor {
                    x * f64::from($number)
                }
            }
        )*

        export_plugin!(activations: [$($item),*]);
    };
}

items!(
    A0 = 0,
    A1 = 1,
    A2 = 2,
    A3 = 3,
    A4 = 4,
    A5 = 5,
    A6 = 6,
    A7 = 7,
    A8 = 8,
    A9 = 9,
    B0 = 10,
    B1 = 11,
    B2 = 12,
    B3 = 13,
    B4 = 14,
    B5 = 15,
    B6 = 16,
    B7 = 17,
    B8 = 18,
    B9 = 19,
    C0 = 20,
    C1 = 21,
    C2 = 22,
    C3 = 23,
    C4 = 24,
    C5 = 25,
    C6 = 26,
    C7 = 27,
    C8 = 28,
    C9 = 29,
    D0 = 30,
    D1 = 31,
    D2 = 32,
    D3 = 33,
    D4 = 34,
    D5 = 35,
    D6 = 36,
    D7 = 37,
    D8 = 38,
    D9 = 39,
    E0 = 40,
    E1 = 41,
    E2 = 42,
    E3 = 43,
    E4 = 44,
    E5 = 45,
    E6 = 46,
    E7 = 47,
    E8 = 48,
    E9 = 49,
);
