//! The `*.tf` files beside a plan: the lines of its resources, and the expressions that it leaves out.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::address::ResourceAddress;
use super::hcl::{self, HclBlock, HclBody, HclExpression, LineColumn};
use crate::template::SourcePosition;

/// The largest file that is read, bytes.
const MOST_BYTES: usize = 4 << 20;

/// One file of a module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModuleSource {
    /// The names of the modules on the way from the root module; empty for the root.
    pub module: Vec<String>,
    /// The file, as the user knows it.
    pub file: String,
    /// Its text.
    pub text: String,
}

/// What is beside a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlanFiles {
    /// The `*.tf` files of its modules.
    pub sources: Vec<ModuleSource>,
    /// Sizes of deployment packages by the file that a function names, bytes.
    pub package_bytes: BTreeMap<String, u64>,
}

/// A block with the file it is in.
#[derive(Clone, Debug)]
pub(super) struct SourceBlock {
    file: Arc<str>,
    block: HclBlock,
}

/// What names something in a module: the names of the modules, and its own.
type ModuleName = (Vec<String>, String);

/// The blocks of all files.
#[derive(Debug, Default)]
pub(super) struct SourceTree {
    /// `resource` and `data` blocks by module, mode, type and name.
    blocks: BTreeMap<(Vec<String>, bool, String, String), SourceBlock>,
    /// Locals.
    locals: BTreeMap<ModuleName, HclExpression>,
    /// `module` blocks.
    calls: BTreeMap<ModuleName, HclBody>,
    /// Values of outputs.
    outputs: BTreeMap<ModuleName, HclExpression>,
    /// Defaults of variables.
    defaults: BTreeMap<ModuleName, HclExpression>,
}

impl SourceTree {
    /// The blocks of the files.
    pub fn read(sources: &[ModuleSource]) -> Self {
        let mut tree = Self::default();
        for source in sources {
            if source.text.len() > MOST_BYTES {
                continue;
            }
            let file: Arc<str> = Arc::from(source.file.as_str());
            for block in hcl::parse(&source.text).blocks {
                tree.add(&source.module, &file, block);
            }
        }
        tree
    }

    fn add(&mut self, module: &[String], file: &Arc<str>, block: HclBlock) {
        let module = module.to_vec();
        let value = |block: HclBlock, name: &str| {
            let argument = block.body.arguments.into_iter();
            argument
                .filter(|argument| argument.name == name)
                .map(|argument| argument.value)
                .next()
        };
        match (block.kind.as_str(), block.labels.as_slice()) {
            ("resource" | "data", [kind, name]) => {
                let key = (module, block.kind == "data", kind.clone(), name.clone());
                let file = Arc::clone(file);
                self.blocks.insert(key, SourceBlock { file, block });
            }
            ("locals", []) => {
                for argument in block.body.arguments {
                    let key = (module.clone(), argument.name);
                    self.locals.insert(key, argument.value);
                }
            }
            ("module", [name]) => {
                self.calls.insert((module, name.clone()), block.body);
            }
            ("output", [name]) => {
                let key = (module, name.clone());
                if let Some(value) = value(block, "value") {
                    self.outputs.insert(key, value);
                }
            }
            ("variable", [name]) => {
                let key = (module, name.clone());
                if let Some(value) = value(block, "default") {
                    self.defaults.insert(key, value);
                }
            }
            _ => {}
        }
    }

    /// The block of a resource.
    pub fn block(&self, address: &ResourceAddress) -> Option<&SourceBlock> {
        let module = names(&address.module);
        let key = (
            module,
            address.data,
            address.kind.clone(),
            address.name.clone(),
        );
        self.blocks.get(&key)
    }

    /// A local.
    pub fn local(&self, module: &[super::address::Step], name: &str) -> Option<&HclExpression> {
        self.locals.get(&(names(module), name.to_owned()))
    }

    /// The `module` block that calls a module instance.
    pub fn call(&self, module: &[super::address::Step]) -> Option<&HclBody> {
        let (last, parent) = module.split_last()?;
        self.calls.get(&(names(parent), last.name.clone()))
    }

    /// The value of an output.
    pub fn output(&self, module: &[super::address::Step], name: &str) -> Option<&HclExpression> {
        self.outputs.get(&(names(module), name.to_owned()))
    }

    /// The default of a variable.
    pub fn default_of(
        &self,
        module: &[super::address::Step],
        name: &str,
    ) -> Option<&HclExpression> {
        self.defaults.get(&(names(module), name.to_owned()))
    }
}

/// The names of a module, without the keys of its instance.
fn names(module: &[super::address::Step]) -> Vec<String> {
    module.iter().map(|step| step.name.clone()).collect()
}

impl SourceBlock {
    /// What is in it.
    pub fn body(&self) -> &HclBody {
        &self.block.body
    }

    /// Where it begins.
    pub fn position(&self) -> SourcePosition {
        self.at(self.block.place)
    }

    /// Where an argument or a nested block begins; the block itself where it has none.
    pub fn position_of(&self, argument: &str) -> SourcePosition {
        let body = self.body();
        let place = body.argument(argument).map(|argument| argument.place);
        let place = place.or_else(|| {
            let block = body.blocks.iter().find(|block| block.kind == argument);
            block.map(|block| block.place)
        });
        self.at(place.unwrap_or(self.block.place))
    }

    fn at(&self, place: LineColumn) -> SourcePosition {
        SourcePosition {
            file: Arc::clone(&self.file),
            line: place.line,
            column: place.column,
        }
    }
}
