// Programs whose Debian packages cannot be installed beside others that tests need too: their packages are downloaded and unpacked below
// node_modules, and nothing of the machine changes. `node test/support/unpacked.ts` does it, as `.ci/run` does before the tests.

import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const cache = fileURLToPath(new URL('../../node_modules/.cache', import.meta.url))

/** Cyrus IMAP, which excludes Dovecot. */
const packages: readonly string[] = ['cyrus-imapd', 'cyrus-common']
const folder = join(cache, 'cyrus-imapd')

/** Where its programs are; undefined while nobody has unpacked them. */
export function unpackedCyrus(): { readonly bin: string; readonly libraries: string } | undefined {
  const bin = join(folder, 'usr/lib/cyrus/bin')
  if (!existsSync(join(bin, 'imapd'))) return undefined
  const multiarch = { x64: 'x86_64', arm64: 'aarch64' }[process.arch as string] ?? process.arch
  return { bin, libraries: join(folder, `usr/lib/${multiarch}-linux-gnu`) }
}

const outputOf = (program: string, words: readonly string[], cwd?: string): string =>
  execFileSync(program, words, { encoding: 'utf8', cwd, stdio: ['ignore', 'pipe', 'inherit'] })

function installed(): ReadonlySet<string> {
  const listed = outputOf('dpkg', ['-l']).split('\n')
  return new Set(listed.flatMap((line) => /^ii +([^ :]+)/.exec(line)?.[1] ?? []))
}

/** Packages of libraries that a package needs, of alternatives the first. */
const librariesOf = (file: string): readonly string[] =>
  outputOf('dpkg-deb', ['-f', file, 'Depends'])
    .split(',')
    .map((one) => /^\s*(lib\S+)/.exec(one)?.[1] ?? '')
    .filter((name) => name !== '' && !name.endsWith('-perl'))

async function unpack(): Promise<void> {
  await mkdir(cache, { recursive: true })
  const downloads = await mkdtemp(join(cache, 'download-'))
  try {
    const unpacked = join(downloads, 'unpacked')
    const there = new Set(installed())
    for (let wanted = packages; wanted.length > 0; ) {
      outputOf('apt-get', ['download', '-q', ...wanted], downloads)
      for (const name of wanted) there.add(name)
      const files = (await readdir(downloads)).filter((name) => name.endsWith('.deb'))
      const needed = new Set<string>()
      for (const file of files.map((name) => join(downloads, name))) {
        for (const name of librariesOf(file)) if (!there.has(name)) needed.add(name)
        outputOf('dpkg', ['-x', file, unpacked])
        await rm(file)
      }
      wanted = [...needed]
    }
    await rm(folder, { recursive: true, force: true })
    await rename(unpacked, folder)
  } finally {
    await rm(downloads, { recursive: true, force: true })
  }
}

if (import.meta.main && unpackedCyrus() === undefined) await unpack()
