// Workers are ended by a signal, so that Node would not keep what it compiled in them: the next file's process reads it.

import { flushCompileCache } from 'node:module'
import { afterAll } from 'vitest'

afterAll(() => flushCompileCache())
