// What the console believes of the API, which it says in types by hand: every path with its method is there, and what is answered has
// every member that the console reads, of that type. Held against the document of the API by the compiler.

import { execFile } from 'node:child_process'
import { cp, glob, readFile, symlink, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { describeApi } from '#services/api/document.ts'
import { operations } from '#services/api/operations/index.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const root = fileURLToPath(new URL('../../../../', import.meta.url))
const app = join(root, 'services/console/app')
/** The compiler looks at all of the console. */
const COMPILED_MS_MAX = 120_000

type Schema = {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly properties?: { readonly [name: string]: Schema }
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | Schema
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly allOf?: readonly Schema[]
}
type Described = {
  readonly responses: {
    readonly [status: string]: {
      readonly content?: { readonly 'application/json'?: { readonly schema: Schema } }
    }
  }
}
type Document = {
  readonly paths: { readonly [path: string]: { readonly [method: string]: Described } }
  readonly components: { readonly schemas: { readonly [name: string]: Schema } }
}

const document = describeApi(operations, { base: '', version: 'test' }) as unknown as Document

/** `/accounts/{}`: what a parameter is called is nobody's business. */
const shapeOf = (path: string) => path.replaceAll(/\{[^}]*\}/g, '{}')
const described: ReadonlyMap<string, Described> = new Map(
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(
      ([method, operation]) => [`${method.toUpperCase()} ${shapeOf(path)}`, operation] as const,
    ),
  ),
)

type Call = { readonly file: string; readonly operation: string; readonly body: string | undefined }

const CALL =
  /\b(get|call|post|useKeyset|useVersioned)(?:<([^()=;]*?)>)?\(\s*(?:'(GET|POST|PUT|PATCH|DELETE)',\s*)?(?:'(\/[^']*)'|`([^`]*)`|(own|path)\b)/g

function callsIn(file: string, source: string): readonly Call[] {
  // A panel of a thing has the path of it given.
  const given = file.startsWith('screens/domains/') ? '/domains/{}' : '/accounts/{}'
  const named = new Map(/^screens\/(accounts|me|domains)\//.test(file) ? [['path', given]] : [])
  for (const [, name = '', text = ''] of source.matchAll(/const (own|path) = `([^`]*)`/g)) {
    named.set(name, shapeIn(text, named))
  }
  return [...source.matchAll(CALL)].flatMap(
    ([, by = '', body, method = by === 'post' ? 'POST' : 'GET', plain, template, name]) => {
      const path =
        plain ?? (template === undefined ? named.get(name ?? '') : shapeIn(template, named))
      // Put together elsewhere.
      if (path === undefined || !path.startsWith('/') || path.includes('{}{}')) return []
      const list = by === 'useKeyset' ? `{ readonly data: readonly (${body})[] }` : body
      return [{ file, operation: `${method} ${path}`, body: body && list }]
    },
  )
}

/** `${path}/factors/${id}` with what `path` stands for. */
function shapeIn(template: string, named: ReadonlyMap<string, string>): string {
  return template.replaceAll(/\$\{(?:[^{}]|\{[^}]*\})*\}/g, (inserted) => {
    return named.get(inserted.slice(2, -1)) ?? '{}'
  })
}

/** As a type of TypeScript; what holds itself is anything where it does so again. */
function typeOf(schema: Schema, within: readonly string[] = []): string {
  const { $ref, type, properties, required = [], additionalProperties, items } = schema
  if ($ref !== undefined) {
    const name = $ref.split('/').at(-1) ?? ''
    if (within.includes(name)) return 'any'
    return typeOf(document.components.schemas[name] ?? {}, [...within, name])
  }
  if ('const' in schema) return JSON.stringify(schema.const)
  if (schema.enum) return schema.enum.map((one) => JSON.stringify(one)).join(' | ')
  const several = schema.anyOf ?? schema.oneOf
  if (several) return several.map((one) => `(${typeOf(one, within)})`).join(' | ')
  if (schema.allOf) return schema.allOf.map((one) => `(${typeOf(one, within)})`).join(' & ')
  if (Array.isArray(type))
    return type.map((one) => `(${typeOf({ ...schema, type: one }, within)})`).join(' | ')
  // What is left open is anything.
  if (properties && additionalProperties !== undefined && additionalProperties !== false) {
    return 'any'
  }
  if (properties) {
    const members = Object.entries(properties).map(([name, of]) => {
      const type = typeOf(of, within)
      const isThere = required.includes(name) || Object.keys(of).length === 0
      return `readonly ${JSON.stringify(name)}${isThere ? '' : '?'}: ${type}`
    })
    return `{ ${members.join('; ')} }`
  }
  switch (type) {
    // What a string may be, the document need not list.
    case 'string':
      return 'any'
    case 'integer':
    case 'number':
      return 'number'
    case 'boolean':
    case 'null':
      return type
    case 'array':
      return `readonly (${items ? typeOf(items, within) : 'any'})[]`
    default:
      return typeof additionalProperties === 'object'
        ? `{ readonly [name: string]: ${typeOf(additionalProperties, within)} }`
        : 'any'
  }
}

function answerOf({ responses }: Described): Schema | undefined {
  return Object.entries(responses).find(([status]) => status.startsWith('2'))?.[1].content?.[
    'application/json'
  ]?.schema
}

describe('what the console believes of the API', () => {
  const calls: Call[] = []
  beforeAll(async () => {
    for await (const file of glob('**/*.{ts,tsx}', { cwd: app })) {
      calls.push(...callsIn(file, await readFile(join(app, file), 'utf8')))
    }
  })

  it('is asked by paths and methods that are there', () => {
    expect(calls.length).toBeGreaterThan(60)
    const known = [...described.keys()]
    // A verb that is put in: some have it.
    const isKnown = (operation: string) =>
      operation.endsWith(':{}')
        ? known.some((each) => each.startsWith(operation.slice(0, -2)))
        : described.has(operation)
    const missing = calls.filter(({ operation }) => !isKnown(operation))
    expect(missing.map(({ file, operation }) => `${file}: ${operation}`)).toEqual([])
  })

  it(
    'is answered with every member that is read, of that type',
    async () => {
      await using folder = await temporaryFolder()
      const copy = join(folder.path, 'services/console/app')
      await cp(app, copy, { recursive: true })
      for (const name of ['node_modules', 'shared', 'package.json']) {
        await symlink(join(root, name), join(folder.path, name))
      }
      await cp(join(root, 'tsconfig.json'), join(folder.path, 'tsconfig.json'))
      let count = 0
      for (const { file, operation, body } of calls) {
        const answer = described.get(operation)
        const schema = answer && answerOf(answer)
        // Generic ones, and those that have no answer.
        if (schema === undefined || body === undefined || body === 'Body') continue
        const line = `\nexport const wire${count++} = (answer: ${typeOf(schema)}): ${body} => answer // ${operation}\n`
        const path = join(copy, file)
        await writeFile(path, (await readFile(path, 'utf8')) + line)
      }
      expect(count).toBeGreaterThan(40)
      const tsc = join(root, 'node_modules/.bin/tsc')
      const { stdout } = await promisify(execFile)(
        process.execPath,
        [tsc, '-p', copy, '--preserveSymlinks'],
        { cwd: folder.path },
      ).catch((failed: { stdout: string }) => failed)
      expect(stdout.replaceAll(relative(folder.path, copy), '')).toBe('')
    },
    COMPILED_MS_MAX,
  )
})
