"""The routes of the page, one file each; they answer with HTML, a redirect or a fragment."""
