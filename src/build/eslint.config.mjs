// Besides the usual rules: imports between the folders of src run one way (docs/architecture.md, "The house").
import hooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

/** Private members are the language's own. */
const PRIVATE = {
  selector:
    ':matches(PropertyDefinition, MethodDefinition[kind!="constructor"], TSParameterProperty)[accessibility="private"]',
  message: 'Private members are named with #.'
};

/** For each folder, the folders of src that it may import from. */
const HOUSE = {
  model: [],
  simd: ['model'],
  zip: ['model'],
  remote: ['model', 'zip'],
  reader: ['model', 'simd', 'remote'],
  zarr: ['model', 'simd', 'zip', 'remote'],
  pyramid: ['model', 'simd', 'reader', 'zarr'],
  convert: ['model', 'simd', 'zip', 'remote', 'reader', 'zarr', 'pyramid'],
  helper: ['model', 'remote', 'convert', 'protocol'],
  protocol: ['model'],
  form: ['model', 'protocol'],
  viewer: ['model', 'protocol', 'simd'],
  lab: ['model', 'form', 'viewer', 'protocol', 'widget'],
  widget: ['model', 'form', 'viewer', 'protocol']
};

/** The rule for the files of a folder that lie `depth` folders deep in src: as many `../` lead out of it. */
const houseRule = (folder, depth) => {
  const forbidden = Object.keys(HOUSE).filter(name => name !== folder && !HOUSE[folder].includes(name));
  const allowed = HOUSE[folder].map(name => `src/${name}`).join(', ') || 'no other folder';
  const pattern = {
    regex: `^${'\\.\\./'.repeat(depth)}(${forbidden.join('|')})/`,
    // Types vanish at run time: the protocol names the engine's.
    allowTypeImports: folder === 'protocol',
    message: `src/${folder} may import from ${allowed} only.`
  };
  const door = {
    regex: `^${'\\.\\./'.repeat(depth)}convert/(?!index\\.ts$)`,
    message: 'The door of src/convert is its index.ts.'
  };
  return {
    files: [`src/${folder}/${'*/'.repeat(depth - 1)}*.{ts,tsx}`],
    rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns: [pattern, door] }] }
  };
};
const houseRules = Object.keys(HOUSE).flatMap(folder => [1, 2, 3].map(depth => houseRule(folder, depth)));

/**
 * The same for the folders of src/reader and src/viewer, each of which the root of its own may import from: of src all
 * that `shared` names, and of its neighbours those that are named.
 */
const ROOMS = {
  reader: {
    shared: ['model', 'simd'],
    common: ['../remote'],
    decode: ['common'],
    slices: ['common'],
    tiff: ['common', 'decode'],
    'voxel-size': ['common', 'tiff'],
    imagej: ['common', 'tiff', 'voxel-size'],
    ome: ['common', 'tiff', 'voxel-size'],
    images: ['common', 'decode', 'tiff', 'voxel-size', 'slices']
  },
  viewer: {
    shared: ['model', 'protocol', 'simd'],
    elements: [],
    transport: [],
    volume: ['transport'],
    worker: ['transport', 'volume'],
    patches: ['volume'],
    state: ['volume'],
    layers: ['elements', 'state', 'volume'],
    measuring: ['elements', 'layers', 'state', 'volume'],
    choosing: ['elements', 'layers']
  }
};
const roomRules = Object.entries(ROOMS).flatMap(([floor, { shared, ...rooms }]) =>
  Object.keys(rooms).map(room => {
    const others = shared.map(name => `(?!\\.\\./${name}/)`).join('');
    const neighbours = rooms[room].map(name => `(?!${name}/)`).join('');
    const allowed = [...shared.map(name => `src/${name}`), ...rooms[room]].join(', ');
    const message = `src/${floor}/${room} may import from ${allowed} only.`;
    const patterns = [{ regex: `^\\.\\./${others}${neighbours}`, message }];
    return {
      files: [`src/${floor}/${room}/*.ts`],
      rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns }] }
    };
  })
);

/** Modules that the browser shares with the engine have nothing of Node, and nothing of WebAssembly. */
const modelRules = {
  files: ['src/model/*.ts'],
  rules: {
    'no-restricted-imports': ['error', { patterns: [{ regex: '^node:', message: 'src/model runs in browsers too.' }] }]
  }
};

/** A flag of the command line, or an option's name in the code, within a sentence. */
const SURFACE_WORDS = String.raw`/--(?!expose)[a-z]|(\b|^)(chunkSize|maxMemory|voxelSize|valueRange|omeZarr)\b(?=[ ,:])|[ (](chunkSize|maxMemory|voxelSize|valueRange|omeZarr)\b/`;

export default tseslint.config(
  { ignores: ['src/simd/assembly/**', 'src/simd/build/**'] },
  ...tseslint.configs.recommended.map(config => ({ ...config, files: ['**/*.{ts,tsx,mjs,cjs}'] })),
  {
    plugins: { 'react-hooks': hooks },
    rules: { 'react-hooks/rules-of-hooks': 'error', 'react-hooks/exhaustive-deps': 'error' }
  },
  { files: ['**/*.cjs'], rules: { '@typescript-eslint/no-require-imports': 'off' } },
  {
    rules: {
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': 'error',
      eqeqeq: ['error', 'always', { null: 'ignore' }]
    }
  },
  {
    files: ['src/**/*.{ts,tsx}'],
    // Backbone's constructor works with fields that are not there yet.
    ignores: ['src/widget/{converter,viewer}{Model,View}.ts'],
    rules: { 'no-restricted-syntax': ['error', PRIVATE] }
  },
  {
    files: ['**/*.{ts,tsx,mjs,cjs}'],
    rules: { 'max-len': ['error', { code: 10000, comments: 120, ignoreUrls: true }] }
  },
  ...houseRules,
  ...roomRules,
  modelRules,
  {
    files: ['src/{model,reader,zarr,pyramid,convert}/**/*.ts'],
    // Its help is the command line's; for Python it is put in other words.
    ignores: ['src/model/option-table.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        PRIVATE,
        ...[`Literal[value=${SURFACE_WORDS}]`, `TemplateElement[value.raw=${SURFACE_WORDS}]`].map(selector => ({
          selector,
          message:
            'The engine names options by named() and option() of words.ts: every surface has its own word for them.'
        }))
      ]
    }
  }
);
