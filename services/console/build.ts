// The files of the console, made in memory from `app/`: one module for the shell, one for each screen and language, loaded when they are
// needed. Called once, by the first request on one machine and at synthesis for AWS; esbuild is loaded then and not before.
//
// Implementation notes: a name holds the hash of what is in the file, so that browsers keep it for ever. Source maps are off: who debugs
// the console has its sources.

import { createHash } from 'node:crypto'
import { basename, extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import type { BuildOptions } from 'esbuild'
import { ASSETS, type ConsoleFile, type ConsoleFiles } from './files.ts'
import { indexPage } from './index-page.ts'

const app = fileURLToPath(new URL('app/', import.meta.url))
/** Those that know light-dark() of CSS. */
const browsers = ['chrome123', 'firefox121', 'safari17.5']

const types: { readonly [extension: string]: string } = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

export async function buildConsole(): Promise<ConsoleFiles> {
  const { build } = await import('esbuild')
  const common = {
    absWorkingDir: app,
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    sourcemap: false,
    legalComments: 'none',
    target: [...browsers],
    outdir: app,
    charset: 'utf8',
    logLevel: 'silent',
  } as const satisfies BuildOptions
  const [modules, theme] = await Promise.all([
    build({
      ...common,
      entryPoints: { console: 'main.tsx' },
      format: 'esm',
      splitting: true,
      jsx: 'automatic',
      jsxImportSource: 'preact',
      entryNames: '[name]-[hash]',
      chunkNames: '[name]-[hash]',
      assetNames: '[name]-[hash]',
      loader: { '.svg': 'file' },
      publicPath: ASSETS,
    }),
    // Before anything is painted: a module comes too late for that.
    build({
      ...common,
      entryPoints: { theme: 'theme.ts' },
      format: 'iife',
      entryNames: '[name]-[hash]',
    }),
  ])
  const written = await Promise.all(
    [...modules.outputFiles, ...theme.outputFiles].map(({ path, contents }) => {
      const name = basename(path)
      const type = types[extname(name)]
      if (type === undefined) throw new Error(`${name}: a kind of file that nobody serves`)
      return fileOf(`${ASSETS}${name}`, type, contents)
    }),
  )
  const assets = new Map(written.map((file) => [file.path, file]))
  const named = (start: string, end: string) => {
    const found = written.find(({ path }) => path.startsWith(ASSETS + start) && path.endsWith(end))
    if (found === undefined) throw new Error(`no ${start}…${end} was built`)
    return found.path
  }
  const main = named('console-', '.js')
  const style = named('console-', '.css')
  const early = named('theme-', '.js')
  // Chunks that the entry imports statically: the browser is told before it has read the entry.
  const needed = staticImports(modules.metafile.outputs, basename(main))
  const preload = needed.map((name) => `${ASSETS}${name}`)
  const page = indexPage({ main, style, early, preload })
  return {
    index: await fileOf('/', 'text/html; charset=utf-8', new TextEncoder().encode(page)),
    assets,
    firstPaths: [main, style, early, ...preload],
  }
}

type Outputs = {
  readonly [path: string]: {
    readonly imports: readonly { readonly path: string; readonly kind: string }[]
  }
}

function staticImports(outputs: Outputs, entry: string): readonly string[] {
  const found = new Set<string>()
  const visit = (name: string) => {
    for (const { path, kind } of outputs[name]?.imports ?? []) {
      // With publicPath esbuild names them as they are served.
      const imported = basename(path)
      if (kind !== 'import-statement' || found.has(imported)) continue
      found.add(imported)
      visit(imported)
    }
  }
  visit(entry)
  return [...found]
}

const compressed = { brotli: promisify(brotliCompress), gzip: promisify(gzip) }

async function fileOf(path: string, type: string, contents: Uint8Array): Promise<ConsoleFile> {
  const bytes = new Uint8Array(contents)
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
  }
  const [brotli, gzipped] = await Promise.all([
    compressed.brotli(bytes, { params }),
    compressed.gzip(bytes, { level: 9 }),
  ])
  const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`
  return {
    path,
    type,
    bytes,
    gzip: new Uint8Array(gzipped),
    brotli: new Uint8Array(brotli),
    etag,
  }
}
