//! The datasets that are published somewhere, with the checksums that were published with them.

/// A dataset on the network.
#[derive(Debug)]
pub struct Published {
    /// As the config says it.
    pub key: &'static str,
    /// As a reader would say it.
    pub name: &'static str,
    /// What the files are.
    pub layout: Layout,
    /// The folder that the loader reads, below the root.
    pub folder: &'static str,
    /// Addresses to which a file's name is appended; the first that works is taken.
    pub mirrors: &'static [&'static str],
    pub files: &'static [PublishedFile],
    /// How many training and test images it has.
    pub images: [usize; 2],
    /// How much there is to download, in words.
    pub size: &'static str,
}

/// What the files of a dataset are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// One archive, which has the folder in it.
    Archive,
    /// Files that are read as they are, in the folder.
    Files,
}

/// One file.
#[derive(Debug)]
pub struct PublishedFile {
    pub name: &'static str,
    pub md5: &'static str,
}

/// All of them.
///
/// The checksums of the CIFARs are those on their page (www.cs.toronto.edu/~kriz/cifar.html), those
/// of MNIST and Fashion-MNIST the ones that torchvision checks (torchvision/datasets/mnist.py). That
/// of Tiny-ImageNet is of the archive of Stanford's course CS231N, as several libraries check it.
pub const PUBLISHED: [Published; 5] = [
    Published {
        key: "cifar10",
        name: "CIFAR-10",
        layout: Layout::Archive,
        folder: "cifar-10-batches-bin",
        mirrors: &["https://www.cs.toronto.edu/~kriz/"],
        files: &[PublishedFile {
            name: "cifar-10-binary.tar.gz",
            md5: "c32a1d4ab5d03f1284b67883e8d87530",
        }],
        images: [50_000, 10_000],
        size: "170 MB",
    },
    Published {
        key: "cifar100",
        name: "CIFAR-100",
        layout: Layout::Archive,
        folder: "cifar-100-binary",
        mirrors: &["https://www.cs.toronto.edu/~kriz/"],
        files: &[PublishedFile {
            name: "cifar-100-binary.tar.gz",
            md5: "03b5dce01913d631647c71ecec9e9cb8",
        }],
        images: [50_000, 10_000],
        size: "169 MB",
    },
    Published {
        key: "tiny-imagenet",
        name: "Tiny-ImageNet",
        layout: Layout::Archive,
        folder: "tiny-imagenet-200",
        mirrors: &["https://cs231n.stanford.edu/", "http://cs231n.stanford.edu/"],
        files: &[PublishedFile {
            name: "tiny-imagenet-200.zip",
            md5: "90528d7ca1a48142e341f4ef8d21d0de",
        }],
        images: [100_000, 10_000],
        size: "248 MB",
    },
    Published {
        key: "mnist",
        name: "MNIST",
        layout: Layout::Files,
        folder: "mnist",
        mirrors: &[
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ],
        files: &[
            PublishedFile {
                name: "train-images-idx3-ubyte.gz",
                md5: "f68b3c2dcbeaaa9fbdd348bbdeb94873",
            },
            PublishedFile {
                name: "train-labels-idx1-ubyte.gz",
                md5: "d53e105ee54ea40749a09fcbcd1e9432",
            },
            PublishedFile {
                name: "t10k-images-idx3-ubyte.gz",
                md5: "9fb629c4189551a2d022fa330f9573f3",
            },
            PublishedFile {
                name: "t10k-labels-idx1-ubyte.gz",
                md5: "ec29112dd5afa0611ce80d1b7f02629c",
            },
        ],
        images: [60_000, 10_000],
        size: "12 MB",
    },
    Published {
        key: "fashion-mnist",
        name: "Fashion-MNIST",
        layout: Layout::Files,
        folder: "fashion-mnist",
        mirrors: &[
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        ],
        files: &[
            PublishedFile {
                name: "train-images-idx3-ubyte.gz",
                md5: "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
            },
            PublishedFile {
                name: "train-labels-idx1-ubyte.gz",
                md5: "25c81989df183df01b3e8a0aad5dffbe",
            },
            PublishedFile {
                name: "t10k-images-idx3-ubyte.gz",
                md5: "bef4ecab320f06d8554ea6380940ec79",
            },
            PublishedFile {
                name: "t10k-labels-idx1-ubyte.gz",
                md5: "bb300cfdad3c16e7a12a480ee83cd310",
            },
        ],
        images: [60_000, 10_000],
        size: "31 MB",
    },
];

impl Published {
    /// The dataset of that name.
    pub fn find(key: &str) -> Option<&'static Self> {
        PUBLISHED.iter().find(|dataset| dataset.key == key)
    }

    /// The file with that checksum, and its dataset.
    pub fn by_md5(md5: &str) -> Option<(&'static Self, &'static PublishedFile)> {
        PUBLISHED.iter().find_map(|dataset| {
            dataset.files.iter().find(|file| file.md5 == md5).map(|file| (dataset, file))
        })
    }

    /// The archive of that name, and its dataset.
    pub fn archive(name: &str) -> Option<(&'static Self, &'static PublishedFile)> {
        let archives = PUBLISHED.iter().filter(|dataset| dataset.layout == Layout::Archive);
        archives
            .filter_map(|dataset| dataset.files.first().map(|file| (dataset, file)))
            .find(|(_, file)| file.name == name)
    }
}
