// The built files of the console: what they are called and what is known of each. Where they are built beforehand they travel as one text.

export type ConsoleFile = {
  readonly path: string
  readonly type: string
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly gzip: Uint8Array<ArrayBuffer>
  readonly brotli: Uint8Array<ArrayBuffer>
  /** Strong, quoted. */
  readonly etag: string
}

export type ConsoleFiles = {
  readonly index: ConsoleFile
  readonly assets: ReadonlyMap<string, ConsoleFile>
  /** What a browser loads before it shows anything, languages and screens aside. */
  readonly firstPaths: readonly string[]
}

/** Where those are whose names hold the hash of their content. */
export const ASSETS = '/assets/'

type Packed = Pick<ConsoleFile, 'path' | 'type' | 'etag'> & {
  readonly [form in 'bytes' | 'gzip' | 'brotli']: string
}

/** The same files, the same text. */
export function packFiles({ index, assets, firstPaths }: ConsoleFiles): string {
  const byPath = [...assets.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
  return JSON.stringify({ index: pack(index), assets: byPath.map(pack), firstPaths })
}

/** Of our own bundle, so that nothing in it is looked at. */
export function unpackFiles(text: string): ConsoleFiles {
  const packed: {
    readonly index: Packed
    readonly assets: readonly Packed[]
    readonly firstPaths: readonly string[]
  } = JSON.parse(text)
  return {
    index: unpack(packed.index),
    assets: new Map(packed.assets.map((file) => [file.path, unpack(file)])),
    firstPaths: packed.firstPaths,
  }
}

const pack = ({ path, type, etag, bytes, gzip, brotli }: ConsoleFile): Packed => ({
  ...{ path, type, etag },
  bytes: textOf(bytes),
  gzip: textOf(gzip),
  brotli: textOf(brotli),
})

const unpack = ({ path, type, etag, bytes, gzip, brotli }: Packed): ConsoleFile => ({
  ...{ path, type, etag },
  bytes: bytesOf(bytes),
  gzip: bytesOf(gzip),
  brotli: bytesOf(brotli),
})

const bytesOf = (text: string) => new Uint8Array(Buffer.from(text, 'base64'))
const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')
