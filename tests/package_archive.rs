//! Reading a package by its central directory: what it finds, and what it refuses.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop loudly"
)]

use std::io::{Cursor, Write};

use coldbucket::inventory::archive::directory::{
    DirectoryLocation, LONGEST_DIRECTORY, Refusal, TAIL, locate, read,
};
use coldbucket::inventory::archive::summary::{FOLDERS, LIBRARIES, summarize};
use coldbucket::inventory::archive::{Archive, ContentKind};
use zip::write::SimpleFileOptions;

/// A zip of these files with so many bytes each, stored as they are.
fn packed(files: &[(&str, usize)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, size) in files {
        writer.start_file(*name, stored).unwrap();
        writer.write_all(&vec![b'x'; *size]).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// As collection does it: the tail, then the directory.
fn inspected(file: &[u8]) -> Result<Archive, Refusal> {
    let size = file.len() as u64;
    let tail = &file[file.len().saturating_sub(TAIL as usize)..];
    let location = locate(tail, size)?;
    let start = location.offset as usize;
    let directory = &file[start..start + location.length as usize];
    summarize(directory, location, size)
}

// ---------------------------------------------------------------------------------------------
// What a package holds.

#[test]
fn sizes_files_and_the_largest_folders() {
    let archive = inspected(&packed(&[
        ("app.py", 100),
        ("numpy/core/a.py", 3000),
        ("numpy/lib/b.py", 1000),
        ("requests/api.py", 500),
    ]))
    .unwrap();
    assert_eq!(archive.files, 4);
    assert_eq!(archive.unzipped_bytes, 4600);
    assert_eq!(archive.folders[0].path, "numpy");
    assert_eq!(archive.folders[0].unzipped_bytes, 4000);
    assert_eq!(archive.folders[0].files, 2);
    assert_eq!(archive.folders[1].path, "requests");
}

#[test]
fn folders_below_a_shelf_are_counted_apart() {
    let archive = inspected(&packed(&[
        ("python/lib/python3.13/site-packages/pandas/x.py", 30),
        ("node_modules/@aws-sdk/client-s3/index.js", 20),
        ("node_modules/lodash/lodash.js", 10),
    ]))
    .unwrap();
    let paths: Vec<&str> = archive.folders.iter().map(|f| f.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "python/lib/python3.13/site-packages/pandas",
            "node_modules/@aws-sdk/client-s3",
            "node_modules/lodash",
        ]
    );
}

#[test]
fn the_list_of_folders_is_bounded() {
    let names: Vec<String> = (0..100).map(|n| format!("f{n}/x")).collect();
    let files: Vec<(&str, usize)> = names.iter().map(|name| (name.as_str(), 1)).collect();
    assert_eq!(inspected(&packed(&files)).unwrap().folders.len(), FOLDERS);
}

#[test]
fn what_a_path_says_about_a_file() {
    use ContentKind as K;
    for (path, kind) in [
        ("boto3/session.py", K::PythonSdk),
        ("python/botocore/data/ec2/service-2.json", K::PythonSdk),
        ("s3transfer-0.10.0.dist-info/RECORD", K::PythonSdk),
        ("node_modules/aws-sdk/clients/s3.js", K::NodeSdkV2),
        (
            "nodejs/node_modules/@aws-sdk/client-s3/dist-cjs/index.js",
            K::NodeSdkV3,
        ),
        ("node_modules/@smithy/core/README.md", K::NodeSdkV3),
        ("software/amazon/awssdk/core/SdkClient.class", K::JavaSdk),
        ("lib/sdk-core-2.31.0.jar", K::JavaSdk),
        ("AWSSDK.Core.dll", K::DotnetSdk),
        (
            "node_modules/sharp/build/sharp-darwin-arm64.node",
            K::MacosBinaries,
        ),
        (
            "node_modules/@esbuild/win32-x64/esbuild.exe",
            K::WindowsBinaries,
        ),
        (
            "node_modules/@img/sharp-linux-x64/lib/sharp.node",
            K::X86Binaries,
        ),
        (
            "numpy/_core.cpython-313-x86_64-linux-gnu.so",
            K::X86Binaries,
        ),
        (
            "numpy/_core.cpython-313-aarch64-linux-gnu.so",
            K::ArmBinaries,
        ),
        ("pkg/__pycache__/a.cpython-311.pyc", K::ByteCode),
        (".pytest_cache/v/cache/lastfailed", K::Caches),
        ("numpy/tests/test_a.py", K::Tests),
        ("node_modules/x/README.md", K::Documentation),
        ("dist/app.js.map", K::SourceMaps),
        ("pkg/types.pyi", K::TypeDeclarations),
        ("node_modules/x/index.d.ts", K::TypeDeclarations),
        ("App.pdb", K::DebugSymbols),
        ("lib/guava-33.0-sources.jar", K::SourceJars),
        ("lib/spring-boot-3.3.0.jar", K::SpringBoot),
        (
            "org/springframework/boot/SpringApplication.class",
            K::SpringBoot,
        ),
        ("lib/micronaut-core-4.5.jar", K::Micronaut),
        ("io/quarkus/runtime/Quarkus.class", K::Quarkus),
        ("Amazon.Lambda.AspNetCoreServer.Hosting.dll", K::AspNetCore),
        ("App.runtimeconfig.json", K::DotnetAssemblies),
        ("bootstrap", K::Bootstrap),
        (".next/BUILD_ID", K::NextJs),
        ("extensions/collector", K::Extensions),
        ("node_modules/lodash/lodash.js", K::NodeModules),
        ("dist/app.mjs", K::JavaScript),
    ] {
        let archive = inspected(&packed(&[(path, 7)])).unwrap();
        let kinds: Vec<K> = archive
            .contents
            .iter()
            .map(|content| content.kind)
            .collect();
        assert_eq!(kinds, [kind], "{path}");
        assert_eq!(archive.contents[0].unzipped_bytes, 7, "{path}");
    }
}

fn libraries(files: &[&str]) -> Vec<String> {
    let files: Vec<(&str, usize)> = files.iter().map(|path| (*path, 7)).collect();
    inspected(&packed(&files)).unwrap().libraries
}

#[test]
fn libraries_are_named_as_their_package_managers_name_them() {
    assert_eq!(
        libraries(&[
            "index.mjs",
            "node_modules/.package-lock.json",
            "node_modules/.bin/uuid",
            "node_modules/express/index.js",
            "node_modules/express/node_modules/debug/index.js",
            "nodejs/node_modules/@nestjs/core/index.js",
        ]),
        ["@nestjs/core", "express"]
    );
    assert_eq!(
        libraries(&[
            "app.py",
            "scikit_learn-1.5.0.dist-info/METADATA",
            "sklearn/__init__.py",
            "python/lib/python3.13/site-packages/numpy-2.1.0.dist-info/RECORD",
            "python/PyYAML-6.0-py3.13.egg-info/PKG-INFO",
        ]),
        ["PyYAML", "numpy", "scikit_learn"]
    );
    assert_eq!(
        libraries(&[
            "vendor/bundle/ruby/3.4.0/gems/nokogiri-1.16.0-x86_64-linux/lib/a.rb",
            "vendor/bundle/ruby/3.4.0/gems/aws-sdk-core-3.2/lib/b.rb",
        ]),
        ["aws-sdk-core", "nokogiri"]
    );
    assert_eq!(
        libraries(&["vendor/autoload.php", "vendor/laravel/framework/src/a.php"]),
        ["laravel/framework"]
    );
}

/// Packages that strip the metadata leave the folders that code imports.
#[test]
fn python_without_metadata_has_the_names_that_code_imports() {
    assert_eq!(
        libraries(&[
            "app.py",
            "numpy/__init__.py",
            "numpy/core/__init__.py",
            "python/pandas/__init__.py",
            "templates/page.html",
        ]),
        ["numpy", "pandas"]
    );
}

#[test]
fn the_list_of_libraries_is_bounded() {
    let files: Vec<String> = (0..LIBRARIES + 50)
        .map(|n| format!("node_modules/lib-{n}/index.js"))
        .collect();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    assert_eq!(libraries(&files).len(), LIBRARIES);
}

#[test]
fn what_only_looks_like_waste_is_left_alone() {
    for path in [
        "boto3_helpers/session.py",
        "com/amazonaws/services/lambda/runtime/RequestHandler.class",
        "latest/app.py",
        "contests/app.py",
        "documents.py",
        "test/Fixture.class",
        "data/win.csv",
    ] {
        let archive = inspected(&packed(&[(path, 7)])).unwrap();
        assert_eq!(archive.contents, [], "{path}");
    }
}

#[test]
fn byte_code_is_kept_apart_by_the_python_it_is_for() {
    let archive = inspected(&packed(&[
        ("a/__pycache__/a.cpython-311.pyc", 5),
        ("a/__pycache__/a.cpython-313.pyc", 6),
    ]))
    .unwrap();
    let variants: Vec<(&str, u64)> = archive
        .contents
        .iter()
        .map(|content| (content.variant.as_str(), content.unzipped_bytes))
        .collect();
    assert_eq!(variants, [("cpython-311", 5), ("cpython-313", 6)]);
}

#[test]
fn a_comment_at_the_end_is_no_obstacle() {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    writer
        .start_file("app.py", SimpleFileOptions::default())
        .unwrap();
    writer.set_comment("x".repeat(60_000)).unwrap();
    let file = writer.finish().unwrap().into_inner();
    assert_eq!(inspected(&file).unwrap().files, 1);
}

#[test]
fn no_control_character_of_a_name_is_kept() {
    let archive = inspected(&packed(&[("a\u{1b}[31m\n/x", 1)])).unwrap();
    assert_eq!(archive.folders[0].path, "a[31m");
}

/// The zip crate reads the same sizes and names.
#[test]
fn another_reader_agrees() {
    let file = packed(&[("a/b.py", 10), ("c.py", 20), ("d/", 0)]);
    let other = zip::ZipArchive::new(Cursor::new(&file)).unwrap();
    let location = locate(&file, file.len() as u64).unwrap();
    let mut names = Vec::new();
    let start = location.offset as usize;
    read(
        &file[start..start + location.length as usize],
        location,
        |entry| names.push(String::from_utf8_lossy(entry.name).into_owned()),
    )
    .unwrap();
    let others: Vec<String> = other
        .file_names()
        .map(|name| name.unwrap().into_owned())
        .collect();
    assert_eq!(names, others);
}

// ---------------------------------------------------------------------------------------------
// Hostile files.

/// The end record of a zip, by hand (APPNOTE 4.3.16).
fn end(entries: u16, length: u32, offset: u32) -> Vec<u8> {
    let mut record = b"PK\x05\x06\0\0\0\0".to_vec();
    record.extend(entries.to_le_bytes());
    record.extend(entries.to_le_bytes());
    record.extend(length.to_le_bytes());
    record.extend(offset.to_le_bytes());
    record.extend([0, 0]);
    record
}

/// One central entry, by hand (APPNOTE 4.3.12), method deflate.
fn central(name: &[u8], zipped: u32, unzipped: u32, offset: u32) -> Vec<u8> {
    let mut record = b"PK\x01\x02\x14\0\x14\0\0\0\x08\0\0\0\0\0\0\0\0\0".to_vec();
    record.extend(zipped.to_le_bytes());
    record.extend(unzipped.to_le_bytes());
    record.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
    record.extend([0; 12]);
    record.extend(offset.to_le_bytes());
    record.extend(name);
    record
}

/// A file of `body` bytes of contents, this directory and an end record.
fn forged(body: usize, entries: &[Vec<u8>]) -> Vec<u8> {
    let directory = entries.concat();
    let mut file = vec![0; body];
    file.extend(&directory);
    file.extend(end(
        u16::try_from(entries.len()).unwrap(),
        u32::try_from(directory.len()).unwrap(),
        u32::try_from(body).unwrap(),
    ));
    file
}

#[test]
fn a_forged_file_that_tells_no_lie_is_read() {
    let file = forged(100, &[central(b"a", 10, 20, 0), central(b"b", 10, 20, 41)]);
    assert_eq!(inspected(&file).unwrap().unzipped_bytes, 40);
}

#[test]
fn what_is_no_zip_is_refused() {
    assert_eq!(inspected(b""), Err(Refusal::NotAZip));
    assert_eq!(inspected(&[0; 100_000]), Err(Refusal::NotAZip));
}

#[test]
fn sizes_that_cannot_be_are_refused() {
    // 10 bytes never unzip to a gigabyte.
    let bomb = forged(100, &[central(b"a", 10, 1_000_000_000, 0)]);
    assert_eq!(inspected(&bomb), Err(Refusal::Lying));
    // An entry that reaches into the directory.
    let beyond = forged(100, &[central(b"a", 1000, 2000, 0)]);
    assert_eq!(inspected(&beyond), Err(Refusal::Lying));
    // Ratios that can be, and a sum that Lambda would not take.
    let body: usize = 11 << 20;
    let bombs: Vec<Vec<u8>> = (0..11_u32)
        .map(|n| central(b"a", 1 << 19, 500 << 20, n << 20))
        .collect();
    assert_eq!(inspected(&forged(body, &bombs)), Err(Refusal::Lying));
}

#[test]
fn overlapping_entries_are_refused() {
    let file = forged(100, &[central(b"a", 50, 60, 0), central(b"b", 10, 20, 40)]);
    assert_eq!(inspected(&file), Err(Refusal::Overlapping));
}

#[test]
fn zip64_and_split_archives_are_refused() {
    let mut file = vec![0; 100];
    file.extend(end(0xffff, 0xffff_ffff, 0xffff_ffff));
    assert_eq!(inspected(&file), Err(Refusal::Zip64));
    let saturated = forged(100, &[central(b"a", 0xffff_ffff, 10, 0)]);
    assert_eq!(inspected(&saturated), Err(Refusal::Zip64));
    let mut split = forged(100, &[central(b"a", 1, 1, 0)]);
    let disk = split.len() - 18;
    split[disk] = 1;
    assert_eq!(inspected(&split), Err(Refusal::Zip64));
}

/// Ten million entries take a directory of at least 460 MB, which is never fetched.
#[test]
fn ten_million_entries_are_refused_by_the_end_record_alone() {
    let size = 600_000_000_u64;
    let record = end(0xfffe, 460_000_000, 1000);
    assert_eq!(locate(&record, size), Err(Refusal::TooLong));
    let longest = u32::try_from(LONGEST_DIRECTORY).unwrap();
    assert_eq!(locate(&end(1, longest + 1, 0), size), Err(Refusal::TooLong));
}

#[test]
fn numbers_that_disagree_are_refused() {
    // More entries than the directory has room for.
    assert_eq!(locate(&end(1000, 46, 0), 200), Err(Refusal::Damaged));
    // A directory that would lie behind its own end record.
    assert_eq!(locate(&end(1, 46, 5000), 200), Err(Refusal::Damaged));
    // Fewer entries than there are.
    let entry = central(b"a", 1, 1, 0);
    let location = DirectoryLocation {
        offset: 100,
        length: entry.len() as u64,
        entries: 0,
    };
    assert_eq!(read(&entry, location, |_| {}), Err(Refusal::Damaged));
    // A directory that came short.
    assert_eq!(read(&entry[..20], location, |_| {}), Err(Refusal::Damaged));
}

/// Every prefix and every flipped byte of a package: an answer, and never a panic.
#[test]
fn damaged_in_any_place_a_file_is_answered_for() {
    let whole = packed(&[("a/b.py", 3), ("node_modules/x/y.js", 4)]);
    for cut in 0..whole.len() {
        let _ = locate(&whole[..cut], cut as u64).map(|location| {
            let start = location.offset as usize;
            let directory = whole.get(start..start + location.length as usize);
            summarize(directory.unwrap_or_default(), location, cut as u64)
        });
    }
    for at in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[at] ^= 0xff;
        let _ = inspected(&flipped);
    }
}
