# fish completion of 'git dvc', which fish's own completion of Git asks since fish 3.7.
# Before that, or where this file is not found, in ~/.config/fish/config.fish:
#     git dvc completion fish | source

function __fish_git_dvc_words
    # The words after 'git dvc' or 'git-dvc', one a line; fails for other commands of Git.
    set -l words (commandline -opc)
    set -l head
    if test "$words[1]" = git
        set -e words[1]
        while set -q words[1]; and string match -q -- '-*' $words[1]
            test "$words[1]" = -C; and set -a head $words[1..2]
            contains -- $words[1] -C -c --git-dir --work-tree --namespace; and set -e words[1]
            set -e words[1]
        end
        test "$words[1]" = dvc; or return 1
    end
    set -e words[1]
    set -a head $words
    set -q head[1]; and printf '%s\n' $head
    return 0
end

function __fish_git_dvc
    set -l words (__fish_git_dvc_words); or return
    set -l typed (commandline -ct)
    # The word as it will be, without the quotes that are typed.
    set -l plain (string unescape -- $typed 2>/dev/null)
    set -q plain[1]; or set plain (string replace -r '^["\']' '' -- $typed)
    git-dvc complete -- $words "$plain" 2>/dev/null | while read -l --delimiter \t kind name about
        printf '%s\t%s\n' $name $about
    end
end

complete -c git-dvc -f -a '(__fish_git_dvc)'
complete -c git -f -n '__fish_git_dvc_words >/dev/null' -a '(__fish_git_dvc)'
