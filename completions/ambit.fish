# Completion of ambit for fish. What there is to complete comes from ambit itself.

function __ambit_verbs
    ambit --help 2>/dev/null | string match -rg '^  ([a-z]+ +.*)$' | string replace -r ' +' \t
end

function __ambit_containers
    ambit ps $argv 2>/dev/null | awk 'NR > 1 { print $NF }'
end

function __ambit_images
    ambit images 2>/dev/null | awk 'NR > 1 && $1 != "<none>" { print $1 ":" $2 }'
end

function __ambit_options
    set -l verb (commandline -opc)[2]
    ambit $verb --help 2>/dev/null | string match -rg '^ +(-[^ ]+)' | string split ,
end

complete -c ambit -f
complete -c ambit -n __fish_use_subcommand -a '(__ambit_verbs)'
complete -c ambit -n 'not __fish_use_subcommand; and string match -q -- "-*" (commandline -ct)' -a '(__ambit_options)'
complete -c ambit -n '__fish_seen_subcommand_from stop kill pause unpause attach exec restart top stats healthcheck' -a '(__ambit_containers)'
complete -c ambit -n '__fish_seen_subcommand_from start rm logs wait rename update inspect' -a '(__ambit_containers -a)'
complete -c ambit -n '__fish_seen_subcommand_from run create rmi tag untag inspect' -a '(__ambit_images)'
complete -c ambit -n '__fish_seen_subcommand_from load import' -F
complete -c ambit -n '__fish_seen_subcommand_from pod; and not __fish_seen_subcommand_from create start stop restart kill pause unpause rm ps inspect' -a 'create start stop restart kill pause unpause rm ps inspect'
complete -c ambit -n '__fish_seen_subcommand_from pod' -a '(ambit pod ps -q 2>/dev/null)'
