// `npm run bench -- hostile [functions|commands] [part of a name]`: what hostile input costs, and who else has to wait for it.
// Nothing but loopback is talked to.

import { benchCommands } from './commands.ts'
import { benchFunctions } from './functions.ts'

export async function benchHostile(what = '', part = ''): Promise<void> {
  if (what === '' || what === 'functions') benchFunctions(part)
  if (what === '' || what === 'commands') await benchCommands(part)
}
