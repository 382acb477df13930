// What a screen is to the frame that shows it; apart from the table of all screens (screens.ts), which leads to each of them.

import type { ComponentType } from 'preact'

/** Of its route. */
export type ScreenParams = { readonly [name: string]: string }
export type Screen = ComponentType<{ readonly params: ScreenParams }>
