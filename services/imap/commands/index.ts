// The table of commands: names, nothing else. What each is stands in its file.

import type { Command } from '../command.ts'
import { authenticate } from './authenticate.ts'
import { capability } from './capability.ts'
import { close, unselect } from './close.ts'
import { compress } from './compress.ts'
import { enable } from './enable.ts'
import { id } from './id.ts'
import { idle } from './idle.ts'
import { login } from './login.ts'
import { logout } from './logout.ts'
import { check, noop } from './noop.ts'
import { examine, select } from './select.ts'
import { starttls } from './starttls.ts'

export const commands: ReadonlyMap<string, Command> = new Map(
  Object.entries({
    AUTHENTICATE: authenticate,
    CAPABILITY: capability,
    CHECK: check,
    CLOSE: close,
    COMPRESS: compress,
    ENABLE: enable,
    EXAMINE: examine,
    ID: id,
    IDLE: idle,
    LOGIN: login,
    LOGOUT: logout,
    NOOP: noop,
    SELECT: select,
    STARTTLS: starttls,
    UNSELECT: unselect,
  }),
)
