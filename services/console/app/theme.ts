// Runs before anything is painted: the scheme that somebody chose, where it is not the system's.

const chosen = localStorage.getItem('postwolke.theme')
if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset['theme'] = chosen
