// `npm run bench -- hostile [functions|commands] [part of a name]`: what hostile input costs, see docs/architecture for what is
// promised. Nothing but loopback is talked to.

import { benchFunctions } from './functions.ts'

export async function benchHostile(what = '', part = ''): Promise<void> {
  if (what === '' || what === 'functions') benchFunctions(part)
}
