"""Dashboards: what the notebooks show, and the pages that are made of them.

Conventions
-----------
A notebook holds no arithmetic: each cell calls a function of one of the modules below and shows the block that it gives back.

==================  ================================================================
module              what
==================  ================================================================
`measures`          measures out of sums, once in Python, once in the page's script
`board`             a store, opened for a period: data sets, words, blocks
`charts`            Vega-Lite specifications
`overview` …        the blocks of one notebook each
`page`              one page of HTML out of a notebook that was run
==================  ================================================================

Everything is read through the manager's view (`storage.views`), so nothing personal can reach a page.
"""
