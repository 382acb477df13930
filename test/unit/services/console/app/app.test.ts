// Parts of the console that need no browser.

import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { fieldsOf, readProblem } from '#services/console/app/api/problem.ts'
import {
  bytesText,
  durationText,
  moneyText,
  relativeText,
  spanText,
} from '#services/console/app/kit/figures.ts'
import { fill, type MessageText } from '#services/console/app/kit/message.ts'
import { parseQuota, quotaText } from '#services/console/app/kit/quota.ts'
import { between } from '#services/console/app/kit/selection-range.ts'
import { visibleRows } from '#services/console/app/kit/window.ts'
import { partTexts } from '#services/console/app/language/de/setting-parts.ts'
import { catalogue as german } from '#services/console/app/language/de.ts'
import { problems } from '#services/console/app/language/en/problems.ts'
import { system } from '#services/console/app/language/en/system.ts'
import { catalogue as english } from '#services/console/app/language/en.ts'
import { matchRoute, routes, segment } from '#services/console/app/routes.ts'
import { parseCsv, writeCsv } from '#services/console/app/screens/accounts/csv.ts'
import { shapesOf } from '#services/console/app/shell/shapes.ts'
import type { OverviewFinding } from '#shared/administration/overview.ts'
import type { Refusal, Rule } from '#shared/administration/refusals.ts'
import type { Warning } from '#shared/administration/warnings.ts'
import type { JobFailureReason } from '#shared/jobs/failure.ts'
import { settingParts } from '#shared/settings/table.ts'

const app = fileURLToPath(new URL('../../../../../services/console/app/', import.meta.url))
const en: Readonly<Record<string, MessageText>> = english
const de: Readonly<Record<string, MessageText>> = german

const textsOf = (text: MessageText) => (typeof text === 'string' ? [text] : [text.one, text.other])
const namesIn = (text: MessageText) =>
  [...new Set(textsOf(text).flatMap((each) => each.match(/\{\w+\}/g) ?? []))].sort()

/** No refusal, no rule and no warning without words of the console's own: with one that is new this does not compile. */
const refusals = problems satisfies {
  readonly [key in
    | `problem.${Exclude<Refusal['kind'], 'bad-value'>}`
    | `rule.${Rule['name']}`
    | `warning.${Warning['kind']}`]: MessageText
}

describe('the catalogues', () => {
  it('have the same keys; headings of settings are in English as the server says them', () => {
    const own = Object.keys(de).filter((key) => !Object.hasOwn(partTexts, key))
    expect(own.sort()).toEqual(Object.keys(en).sort())
    expect(Object.keys(partTexts)).toEqual(
      Object.keys(settingParts).map((part) => `settings.part.${part}`),
    )
  })

  it('say what refused in either language, and not the same', () => {
    const same = Object.entries(refusals).filter(([key, text]) => de[key] === text)
    // What somebody else says in it stays as it is.
    expect(same.map(([key]) => key)).toEqual(['rule.setting'])
  })

  it('have words for everything that needs somebody', () => {
    const findings = system satisfies {
      readonly [key in `finding.${OverviewFinding['kind']}`]: MessageText
    }
    expect(Object.keys(findings)).toContain('finding.queue-held')
  })

  it('have words for why a job failed', () => {
    const failures = system satisfies {
      readonly [key in `job.failure.${JobFailureReason['kind']}`]: MessageText
    }
    expect(failures['job.failure.wrong-rows']).toContain('{count}')
  })

  it('take the same parameters, and plurals where the other has them', () => {
    for (const [key, text] of Object.entries(en)) {
      const other = de[key] ?? ''
      expect([key, typeof other, namesIn(other)]).toEqual([key, typeof text, namesIn(text)])
    }
  })

  it('say nothing with straight quotation marks or three dots', () => {
    for (const [key, text] of [...Object.entries(en), ...Object.entries(de)]) {
      for (const each of textsOf(text)) expect([key, /"|\.\.\./.test(each)]).toEqual([key, false])
    }
  })

  it('hold no text that nobody shows', () => {
    const sources = globSync('**/*.{ts,tsx}', { cwd: app })
      .filter((file) => !file.startsWith('language/'))
      .map((file) => readFileSync(app + file, 'utf8'))
      .join('\n')
    // What is put together: `entry.${entry}` uses all that begin so.
    const starts = [...sources.matchAll(/`([\w.-]+\.)\$\{/g)].map(([, start = '']) => start)
    const unused = Object.keys(en).filter(
      (key) => !sources.includes(`'${key}'`) && !starts.some((start) => key.startsWith(start)),
    )
    expect(unused).toEqual([])
  })
})

describe('the modules of the console', () => {
  it('do not import each other in a circle', () => {
    const files = globSync('**/*.{ts,tsx}', { cwd: app })
    const importsOf = (file: string) =>
      [
        ...readFileSync(app + file, 'utf8').matchAll(
          /^(?:import|export)(?! type\b)[^'\n]*(?:\n[^'\n]+){0,40}? from '(\.[^']+)'|import\('(\.[^']+)'\)/gm,
        ),
      ].map(([, fixed, lazy]) => join(dirname(file), fixed ?? lazy ?? ''))
    const left = new Map(files.map((file) => [file, importsOf(file)]))
    // Whoever imports nothing that is left can go; what stays is in a circle or leads to one.
    for (let size = -1; size !== left.size; ) {
      size = left.size
      for (const [file, imports] of left) {
        if (!imports.some((each) => left.has(each))) left.delete(file)
      }
    }
    expect([...left.keys()]).toEqual([])
  })
})

describe('texts', () => {
  it.each<[MessageText, Record<string, string | number>, string, string]>([
    ['{a} and {b}', { a: 'x', b: 12345 }, 'en', 'x and 12,345'],
    ['{a} und {b}', { a: 'x', b: 12345 }, 'de', 'x und 12.345'],
    [{ one: '{count} row', other: '{count} rows' }, { count: 1 }, 'en', '1 row'],
    [{ one: '{count} row', other: '{count} rows' }, { count: 0 }, 'en', '0 rows'],
    // What is put in is not looked through again.
    ['{a}', { a: '{b}', b: 'no' }, 'en', '{b}'],
    ['{missing}', {}, 'en', '{missing}'],
  ])('%j with %j', (text, parameters, locale, wanted) => {
    expect(fill(text, parameters, locale)).toBe(wanted)
  })
})

describe('figures', () => {
  const plain = (text: string) => text.replaceAll(/[\u00a0\u202f]/g, ' ')

  it.each([
    [0, '0 bytes'],
    [1, '1 byte'],
    [999, '999 bytes'],
    [1000, '0.98 kB'],
    [1_500_000, '1.43 MB'],
    [2 * 1024 ** 3, '2 GB'],
    [123 * 1024 ** 3, '123 GB'],
    [5000 * 1024 ** 4, '5,000 TB'],
  ])('%d bytes', (bytes, wanted) => {
    expect(plain(bytesText(bytes, 'en'))).toBe(wanted)
  })

  it.each([
    [34.5, 'EUR', 'en', '€34.50'],
    [1234.5, 'USD', 'de', '1.234,50 $'],
    [0.00123, 'USD', 'en', '$0.0012'],
    [0, 'USD', 'en', '$0.00'],
    [900, 'JPY', 'en', '¥900'],
  ])('%d %s in %s', (amount, currency, locale, wanted) => {
    expect(plain(moneyText(amount, currency, locale))).toBe(wanted)
  })

  it.each([
    [-5_000, '5 seconds ago'],
    [-3 * 60_000, '3 minutes ago'],
    [2 * 3_600_000, 'in 2 hours'],
    [-40 * 86_400_000, 'last month'],
  ])('%d ms from now', (ms, wanted) => {
    expect(relativeText(1e12 + ms, 1e12, 'en')).toBe(wanted)
  })

  it.each([
    [0, '0 sec'],
    [59_400, '59 sec'],
    [(2 * 60 + 10) * 60_000, '2 hr 10 min'],
    [3 * 86_400_000, '3 days'],
  ])('%d ms long', (ms, wanted) => {
    expect(plain(durationText(ms, 'en'))).toBe(wanted)
  })

  it.each([
    ['10m', 'en', '10 minutes'],
    ['24h', 'de', '24 Stunden'],
    ['3d', 'de', '3 Tage'],
    ['since ever', 'de', 'since ever'],
  ])('%s is a span as %s says it', (span, locale, text) => {
    expect(spanText(span, locale)).toBe(text)
  })
})

describe('rows in the page', () => {
  const seen = { heightSeen: 720, rowHeight: 36, count: 100_000, beside: 8 }

  it.each([
    ['at the top', 0, { first: 0, end: 28 }],
    ['before the list', -360, { first: 0, end: 18 }],
    ['in the middle', 36 * 5_000, { first: 4_992, end: 5_028 }],
    ['at the end', 36 * 99_990, { first: 99_982, end: 100_000 }],
    ['past it', 36 * 200_000, { first: 100_000, end: 100_000 }],
  ])('%s', (_, top, wanted) => {
    expect(visibleRows({ ...seen, top })).toEqual(wanted)
  })

  it('are chosen from one to another, in whatever order', () => {
    const order = ['a', 'b', 'c', 'd']
    expect(between(order, 'b', 'd')).toEqual(['b', 'c', 'd'])
    expect(between(order, 'd', 'b')).toEqual(['b', 'c', 'd'])
    expect(between(order, 'gone', 'c')).toEqual(['c'])
  })
})

describe('addresses of the console', () => {
  it.each([
    ['/', 'home', {}],
    ['/accounts', 'accounts', {}],
    ['/accounts/', 'accounts', {}],
    ['/accounts/new', 'account-new', {}],
    [
      '/accounts/ann%2Bx@example.org/devices',
      'account',
      { address: 'ann+x@example.org', tab: 'devices' },
    ],
    ['/me', 'me', {}],
    ['/me/security', 'me', { tab: 'security' }],
  ])('%s', (path, name, params) => {
    const matched = matchRoute(path)
    expect(matched?.route.name).toBe(name)
    expect(matched?.params).toEqual(params)
  })

  it.each(['/nowhere', '/accounts/a/b/c', '/accounts/%ff', '//accounts'])('%s is none', (path) => {
    expect(matchRoute(path)).toBeUndefined()
  })

  it('have each a name of their own', () => {
    expect(new Set(routes.map(({ name }) => name)).size).toBe(routes.length)
  })

  it('bring a name there and back', () => {
    for (const name of ['ann@example.org', 'a/b?c#d%e:f@x.org', '"a b"@x.org', '@example.org']) {
      expect(matchRoute(`/accounts/${segment(name)}`)?.params.address).toBe(name)
    }
  })
})

describe('what somebody typed', () => {
  it.each([
    ['ann@example.org', ['address']],
    ['example.org', ['domain']],
    ['192.0.2.1', ['network']],
    ['192.0.2.0/24', ['network']],
    ['2001:db8::/32', ['network']],
    ['<a@b>', ['message-id']],
    ['7KQ3ABCD01', ['queue-id']],
    ['two words', []],
    ['', []],
  ])('%s', (text, wanted) => {
    expect(shapesOf(text)).toEqual(wanted)
  })
})

describe('quotas', () => {
  it.each([
    ['2GB', 2 * 1024 ** 3],
    [' 500 mb ', 500 * 1024 ** 2],
    ['1b', 1],
    ['default', null],
    ['Unlimited', 0],
    ['', undefined],
    ['2', undefined],
    ['0MB', undefined],
    ['1.5GB', undefined],
    ['9999999TB', undefined],
    ['5XB', undefined],
  ])('%j', (text, bytes) => {
    expect(parseQuota(text)).toBe(bytes)
  })

  it('are written so that they are read back', () => {
    for (const bytes of [null, 0, 1, 1000, 1024, 1536 * 1024, 2 * 1024 ** 4]) {
      expect(parseQuota(quotaText(bytes))).toBe(bytes)
    }
  })
})

describe('problems', () => {
  it.each([
    [{ pointer: '/quotaBytes' }, ['quotaBytes']],
    [{ pointer: '/targets/2' }, ['targets', '2']],
    [{ pointer: '/limits/accounts' }, ['limits', 'accounts']],
    [{ pointer: '/a~1b', field: 'x' }, ['a/b']],
    [{ name: 'domain', field: 'address' }, ['domain']],
    [{ field: 'address' }, ['address']],
    [{}, []],
  ])('%j is about %j', (fault, fields) => {
    expect(fieldsOf(fault)).toEqual(fields)
  })

  it('are read from whatever came', () => {
    for (const body of [undefined, null, 'Bad gateway', [], { errors: 'none', code: 5 }]) {
      expect(readProblem(502, body)).toMatchObject({ status: 502, code: 'http-502', errors: [] })
    }
  })
})

describe('CSV', () => {
  it('is read with quotation marks, either comma, and numbers of lines', () => {
    expect(parseCsv('\ufeffaddress;name\r\n"a;b";"say ""hi""\r\nthere"\r\n\r\nc;d')).toEqual({
      kind: 'rows',
      columns: ['address', 'name'],
      rows: [
        { line: 2, values: { address: 'a;b', name: 'say "hi"\r\nthere' } },
        { line: 5, values: { address: 'c', name: 'd' } },
      ],
    })
  })

  it.each([
    ['', { kind: 'no-rows' }],
    ['address\n', { kind: 'no-rows' }],
    ['address\n"ann', { kind: 'open-quotation', line: 2 }],
    ['a,b\n1,2\n3\n', { kind: 'column-count', line: 3, count: 1, wanted: 2 }],
  ])('%j is refused', (text, problem) => {
    expect(parseCsv(text)).toEqual({ kind: 'problem', problem })
  })

  it('comes back as it was', () => {
    const rows = [{ line: 2, values: { a: 'x,"y"\n', b: '' } }]
    const csv = parseCsv(writeCsv(['a', 'b'], rows))
    expect(csv).toEqual({ kind: 'rows', columns: ['a', 'b'], rows })
  })
})
