// All commands by name. RFC 5804 §2.

import type { Command } from '../command.ts'
import { authenticate } from './authenticate.ts'
import { capability } from './capability.ts'
import { checkScript } from './check-script.ts'
import { deleteScript } from './delete-script.ts'
import { getScript } from './get-script.ts'
import { haveSpace } from './have-space.ts'
import { listScripts } from './list-scripts.ts'
import { logout } from './logout.ts'
import { noop } from './noop.ts'
import { putScript } from './put-script.ts'
import { renameScript } from './rename-script.ts'
import { setActive } from './set-active.ts'
import { startTls } from './start-tls.ts'
import { unauthenticate } from './unauthenticate.ts'

export const commands: ReadonlyMap<string, Command> = new Map([
  ['AUTHENTICATE', authenticate],
  ['CAPABILITY', capability],
  ['CHECKSCRIPT', checkScript],
  ['DELETESCRIPT', deleteScript],
  ['GETSCRIPT', getScript],
  ['HAVESPACE', haveSpace],
  ['LISTSCRIPTS', listScripts],
  ['LOGOUT', logout],
  ['NOOP', noop],
  ['PUTSCRIPT', putScript],
  ['RENAMESCRIPT', renameScript],
  ['SETACTIVE', setActive],
  ['STARTTLS', startTls],
  ['UNAUTHENTICATE', unauthenticate],
])
