// The files of the console: small, named by what is in them, served under a strict policy.

import { gunzipSync } from 'node:zlib'
import { beforeAll, describe, expect, it } from 'vitest'
import { buildConsole } from '#services/console/build.ts'
import { type ConsoleFiles, packFiles, unpackFiles } from '#services/console/files.ts'
import { createConsoleHandler } from '#services/console/handler.ts'

/** Of somebody who opens every screen, in one language; of all files. */
const ONE_PERSON_BYTES_MAX = 143_000
const ALL_BYTES_MAX = 160_000
/** As a browser over TLS takes them. */
const ALL_BROTLI_BYTES_MAX = 150_000
const FIRST_BYTES_MAX = 70_000
const caller = { address: '192.0.2.1', isSecure: true }

let files: ConsoleFiles
beforeAll(async () => {
  files = await buildConsole()
})

const gzipped = (paths: Iterable<string>) =>
  [...paths].reduce((sum, path) => sum + (files.assets.get(path)?.gzip.length ?? Number.NaN), 0)

describe('the files of the console', () => {
  it('are less than 150 KB by Brotli, 160 by gzip, 143 for one person, and 70 before anything is seen', () => {
    const paths = [...files.assets.keys()]
    // The longer of the two.
    const german = paths.filter((path) => path.includes('/de-'))
    const english = paths.filter((path) => path.includes('/en-'))
    expect([german.length, english.length]).toEqual([1, 1])
    expect(gzipped(paths)).toBeLessThan(ALL_BYTES_MAX)
    const brotli = [...files.assets.values()].reduce((sum, file) => sum + file.brotli.length, 0)
    expect(brotli).toBeLessThan(ALL_BROTLI_BYTES_MAX)
    expect(gzipped(paths) - gzipped(english)).toBeLessThan(ONE_PERSON_BYTES_MAX)
    expect(gzipped([...files.firstPaths, ...german])).toBeLessThan(FIRST_BYTES_MAX)
  })

  it('hold nothing that a policy without eval, inline scripts and strings of HTML forbids', () => {
    for (const { path, bytes } of files.assets.values()) {
      const text = new TextDecoder().decode(bytes)
      expect([path, /\beval\(|new Function\(/.test(text)]).toEqual([path, false])
      expect([path, text.includes('sourceMappingURL')]).toEqual([path, false])
    }
    const page = new TextDecoder().decode(files.index.bytes)
    expect(page).not.toMatch(/<script(?![^>]* src=)|<style|style=/)
  })

  it('travel as one text, and come out the same', () => {
    const text = packFiles(files)
    expect(unpackFiles(text)).toEqual(files)
    expect(packFiles(unpackFiles(text))).toBe(text)
  })

  it('have the same names when they are built again', async () => {
    const again = await buildConsole()
    expect([...again.assets.keys()]).toEqual([...files.assets.keys()])
  })
})

describe('the console over HTTP', () => {
  const handler = createConsoleHandler({ files: async () => files })
  const ask = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    handler(new Request(`https://mx.example.org${path}`, { method, headers }), caller)
  const html = { accept: 'text/html,*/*;q=0.8' }

  it.each([
    '/',
    '/accounts',
    '/accounts/ann@example.org/devices',
    '/domains/example.org/dns',
    '/me/security',
    '/link',
  ])('answers %s with its page', async (path) => {
    const response = await ask(path, html)
    expect(response?.status).toBe(200)
    expect(response?.headers.get('cache-control')).toBe('no-cache')
    expect(response?.headers.get('content-security-policy')).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; font-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'",
    )
    expect(await response?.text()).toContain('<div id="console">')
  })

  it('has the page for what a browser opens and nobody knows, with 404', async () => {
    expect((await ask('/nowhere/at/all', html))?.status).toBe(404)
  })

  it.each([
    ['a program asks for what nobody knows', '/nowhere', {}, 'GET'],
    ['a file that is not there', '/assets/console-00000000.js', html, 'GET'],
    ['something is sent', '/accounts', html, 'POST'],
  ])('leaves it to others where %s', async (_, path, headers, method) => {
    expect(await ask(path, headers as Record<string, string>, method)).toBeUndefined()
  })

  it('serves files for ever, as small as the browser can take them', async () => {
    const [path = ''] = files.firstPaths
    const plain = files.assets.get(path)
    const gzip = await ask(path, { 'accept-encoding': 'gzip, br;q=0' })
    expect(gzip?.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    expect(gzip?.headers.get('content-encoding')).toBe('gzip')
    const bytes = new Uint8Array(await (gzip ?? new Response()).arrayBuffer())
    expect(new Uint8Array(gunzipSync(bytes))).toEqual(plain?.bytes)
    const brotli = await ask(path, { 'accept-encoding': 'gzip, deflate, br, zstd' })
    expect(brotli?.headers.get('content-encoding')).toBe('br')
    const none = await ask(path, {})
    expect(none?.headers.get('content-encoding')).toBeNull()
    expect(none?.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
  })

  it('says that nothing changed, and has no body for HEAD', async () => {
    const etag = files.index.etag
    expect((await ask('/', { ...html, 'if-none-match': etag }))?.status).toBe(304)
    const head = await ask('/', html, 'HEAD')
    expect(head?.headers.get('content-length')).toBe(String(files.index.bytes.length))
    expect(await head?.text()).toBe('')
  })

  it('builds again after a build that failed', async () => {
    let builds = 0
    const failing = createConsoleHandler({
      files: async () => {
        if (builds++ === 0) throw new Error('no esbuild')
        return files
      },
    })
    const request = () => new Request('https://mx.example.org/', { headers: html })
    await expect(failing(request(), caller)).rejects.toThrow('no esbuild')
    expect((await failing(request(), caller))?.status).toBe(200)
    await failing(request(), caller)
    expect(builds).toBe(2)
  })
})
