// Who shows or delivers mail asks the mailbox core by its port (shared/mailbox/port.ts), and knows neither its table nor its hints: what is
// stored how is the mailbox's alone to change.

import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const files = globSync('services/{imap,pop3,smtp,delivery,cleanup}/**/*.ts', { cwd: root }).sort()
const sourceOf = (file: string) => readFileSync(join(root, file), 'utf8')

/** What a file imports of a module, by name. */
function namesFrom(file: string, module: string): readonly string[] {
  const imports = sourceOf(file).matchAll(/import (?:type )?\{([^}]*)\} from '([^']+)'/g)
  return [...imports].flatMap(([, names = '', from]) =>
    from === module ? names.split(',').map((name) => name.trim().replace(/^type /, '')) : [],
  )
}

it('is all that listeners and deliveries have of the store of mail', () => {
  expect(files.length).toBeGreaterThan(100)
  const wrong = files.filter((file) =>
    namesFrom(file, '#shared/storage/ports.ts').some((name) => /^(Table|Signals)$/.test(name)),
  )
  expect(wrong).toEqual([])
})

it('is what they name, and none of the functions that make it', () => {
  const modules = globSync('shared/mailbox/*.ts', { cwd: root })
  const wrong = files.flatMap((file) =>
    modules
      .flatMap((module) => namesFrom(file, `#${module}`))
      .filter((name) => /^(create[A-Z]|read[A-Z])|(Key|Topic|Pk|Sk|Item)$/.test(name))
      .map((name) => `${file}: ${name}`),
  )
  expect(wrong).toEqual([])
})
