# Completion of gastrolog for fish.
function __gastrolog_complete
    set -l line (commandline --cut-at-cursor --current-process | string collect)
    gastrolog __complete fish "$line" 2>/dev/null
end
function __gastrolog_takes_files
    __fish_seen_subcommand_from ingest serve
end
complete --command gastrolog --condition 'not __gastrolog_takes_files' --no-files --arguments '(__gastrolog_complete)'
complete --command gastrolog --condition __gastrolog_takes_files --force-files --arguments '(__gastrolog_complete)'
