import { readFileSync } from 'node:fs'

/** Of the project, for the tag of everything that runs. */
export const { version }: { readonly version: string } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
)
