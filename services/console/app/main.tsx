// The console starts: the language, the session, then the page that the address names.

import './styles/tokens.css'
import './styles/base.css'
import './styles/controls.css'
import './styles/frame.css'
import './styles/table.css'
import './styles/screens.css'
import './styles/operations.css'
import { render } from 'preact'
import { startSession } from './api/session.ts'
import { preferredLanguage, speak } from './kit/language.ts'
import { watchLocation } from './kit/location.ts'
import { watchKeys } from './kit/shortcuts.ts'
import { Shell } from './shell/shell.tsx'

const root = document.getElementById('console')
if (root === null) throw new Error('no place to stand')
watchLocation()
watchKeys()
await Promise.all([speak(preferredLanguage()), startSession()])
render(<Shell />, root)
