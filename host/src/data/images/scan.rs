//! Looking into folders: class folders, and the images below one. Hidden files are left out.

use std::path::{Path, PathBuf};

use super::error::ImageError;

/// A link to a folder above would otherwise be followed for ever.
const DEPTH: usize = 32;

/// Endings of files that are decoded (in any case). JPEG, PNG, BMP, PNM and WebP.
const IMAGES: [&str; 10] =
    ["jpg", "jpeg", "png", "bmp", "ppm", "pgm", "pbm", "pnm", "webp", "jfif"];

/// Endings of images that are not read: leaving them out silently would lose data.
const OTHERS: [&str; 8] = ["tif", "tiff", "gif", "heic", "heif", "avif", "jp2", "jxl"];

/// What a folder holds, sorted by name.
struct Content {
    folders: Vec<PathBuf>,
    files: Vec<PathBuf>,
}

/// The folders in `path`, sorted by name.
pub fn folders(path: &Path) -> Result<Vec<PathBuf>, ImageError> {
    Ok(content(path)?.folders)
}

/// The images in `path` and in folders below it, each folder's sorted by name, its files first.
pub fn images(path: &Path) -> Result<Vec<PathBuf>, ImageError> {
    let mut found = Vec::new();
    collect(path, DEPTH, &mut found)?;
    Ok(found)
}

fn collect(path: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), ImageError> {
    let Some(depth) = depth.checked_sub(1) else {
        return Err(ImageError::Deep { path: path.to_owned(), limit: DEPTH });
    };
    let Content { folders, files } = content(path)?;
    for file in files {
        let ending = file.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        if IMAGES.contains(&&*ending) {
            found.push(file);
        } else if OTHERS.contains(&&*ending) {
            return Err(ImageError::Format { path: file, format: format!("a {ending} file") });
        }
    }
    folders.iter().try_for_each(|folder| collect(folder, depth, found))
}

fn content(path: &Path) -> Result<Content, ImageError> {
    let unreadable = |source| ImageError::Unreadable { path: path.to_owned(), source };
    let mut content = Content { folders: Vec::new(), files: Vec::new() };
    for entry in std::fs::read_dir(path).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let mut kind = entry.file_type().map_err(unreadable)?;
        let path = entry.path();
        if kind.is_symlink() {
            let target = std::fs::metadata(&path);
            kind = target
                .map_err(|source| ImageError::Unreadable { path: path.clone(), source })?
                .file_type();
        }
        if kind.is_dir() {
            content.folders.push(path);
        } else {
            content.files.push(path);
        }
    }
    content.folders.sort_unstable();
    content.files.sort_unstable();
    Ok(content)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn names(paths: &[PathBuf], root: &Path) -> Vec<String> {
        paths.iter().map(|p| p.strip_prefix(root).unwrap().display().to_string()).collect()
    }

    #[test]
    fn images_are_found_sorted_and_others_left_out() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path();
        fs::create_dir_all(path.join("b/deep")).unwrap();
        fs::create_dir_all(path.join(".hidden")).unwrap();
        for name in ["z.PNG", "a.jpg", "b/deep/c.jpeg", "notes.txt", ".x.png", ".hidden/y.png"] {
            fs::write(path.join(name), "").unwrap();
        }
        assert_eq!(names(&images(path).unwrap(), path), ["a.jpg", "z.PNG", "b/deep/c.jpeg"]);
        assert_eq!(names(&folders(path).unwrap(), path), ["b"]);
    }

    #[test]
    fn an_image_that_is_not_read_is_an_error() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("a.tif"), "").unwrap();
        let error = images(root.path()).unwrap_err().to_string();
        assert!(
            error.ends_with(
                "a.tif is a tif file, which is not read; convert it to PNG or JPEG, or remove it"
            ),
            "{error}"
        );
    }

    #[test]
    fn links_are_followed_but_not_for_ever() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path();
        fs::create_dir(path.join("class")).unwrap();
        fs::write(path.join("image.png"), "").unwrap();
        std::os::unix::fs::symlink(path.join("image.png"), path.join("class/link.png")).unwrap();
        assert_eq!(names(&images(&path.join("class")).unwrap(), path), ["class/link.png"]);
        std::os::unix::fs::symlink(path.join("class"), path.join("class/up")).unwrap();
        let error = images(&path.join("class")).unwrap_err().to_string();
        assert!(error.contains("more than 32 folders deep"), "{error}");
        fs::remove_file(path.join("class/up")).unwrap();
        fs::remove_file(path.join("image.png")).unwrap();
        let error = images(&path.join("class")).unwrap_err().to_string();
        assert!(error.contains("class/link.png cannot be read: No such file"), "{error}");
    }
}
